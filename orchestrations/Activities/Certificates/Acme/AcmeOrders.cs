using System.Text.Json;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>Takes an order from where it is to its certificate: proves the names, hands in the request, waits, downloads.</summary>
internal sealed class AcmeOrders(AcmeClient client, ChallengeProofs proofs, IOptions<CertificateOptions> options, TimeProvider time, ILogger<AcmeOrders> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // An authority may ask for a day; our own deadline is nearer, and its decision mostly, too.
    private static readonly TimeSpan LongestAskedPause = TimeSpan.FromSeconds(10);
    private readonly AcmeSettings _settings = options.Value.Acme;

    /// <summary>The chain in PEM.</summary>
    /// <exception cref="AcmeProblemException">The authority refuses; the order is of no use any more.</exception>
    /// <exception cref="StaleOrderException">The order had ended before.</exception>
    /// <exception cref="TransientFailureException">It is not finished; it may be taken up again.</exception>
    public async Task<string> FinishAsync(
        AcmeResource order, CertificateFor use, string challengeType, string privateKeyPem, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + _settings.OrderLimit;
        if (order.Status == "pending")
        {
            await ProveAsync(order, use, challengeType, deadline, cancellationToken);
            order = await PollAsync(order.Address, "pending", deadline, cancellationToken);
        }

        if (order.Status == "ready")
        {
            await client.FinalizeAsync(Address(order, "finalize"), CertificateRequests.Make(privateKeyPem, use.Hosts), cancellationToken);
            order = await PollAsync(order.Address, "ready", deadline, cancellationToken);
        }

        if (order.Status == "processing")
        {
            order = await PollAsync(order.Address, "processing", deadline, cancellationToken);
        }

        ThrowIfInvalid(order);
        return order.Status == "valid"
            ? await client.DownloadAsync(Address(order, "certificate"), cancellationToken)
            : throw new TransientFailureException($"The certificate authority {client.Authority} says that the order is '{order.Status}', which is no state to go on from.");
    }

    // The proofs stay until the authority has decided about all of them, or our time is up.
    private async Task ProveAsync(
        AcmeResource order, CertificateFor use, string challengeType, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(Addresses(order, "authorizations").Select(a => AuthorizeAsync(a, use.Name, challengeType, deadline, cancellationToken)));
        }
        finally
        {
            await TakeProofsAwayAsync(use);
        }
    }

    private async Task AuthorizeAsync(Uri address, string certificate, string challengeType, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var authorization = await ReadFirstAsync(address, cancellationToken);
        if (authorization.Status != "pending")
        {
            return;
        }

        var host = authorization.Document.GetProperty("identifier").GetProperty("value").GetString()!;
        var challenge = ChallengeOf(authorization, challengeType);
        if (challenge.ValueKind == JsonValueKind.Undefined)
        {
            throw new PermanentFailureException(
                $"The certificate authority {client.Authority} does not offer {challengeType} for {host}: choose another Certificates__Challenge.");
        }

        var token = challenge.GetProperty("token").GetString()!;
        var account = await client.AccountAsync(cancellationToken);
        await proofs.ShowAsync(certificate, challengeType, host, token, account.Key.AnswerTo(challengeType, token), cancellationToken);
        var isAskedByUs = challenge.GetProperty("status").GetString() == "pending"
            && await TryRespondAsync(new Uri(challenge.GetProperty("url").GetString()!), cancellationToken);
        var decided = await PollAsync(address, "pending", deadline, cancellationToken, LookAgainAsync);
        if (decided.Status != "valid" && (!isAskedByUs || await client.IsKeyReplacedAsync(account, cancellationToken)))
        {
            // It may have been looked for before the proof was there, or the proof was by a key that the account has no longer.
            throw Stale(decided);
        }

        ThrowIfInvalid(decided);

        // A call that was lost may not have come to the authority at all.
        async Task LookAgainAsync(AcmeResource pending)
        {
            if (isAskedByUs || ChallengeOf(pending, challengeType) is not { ValueKind: JsonValueKind.Object } again)
            {
                return;
            }

            switch (again.GetProperty("status").GetString())
            {
                case "pending":
                    isAskedByUs = await TryRespondAsync(new Uri(again.GetProperty("url").GetString()!), cancellationToken);
                    break;
                case "invalid":
                    throw Stale(pending);
            }
        }
    }

    /// <summary>What an earlier attempt left: an authorization that has ended since is no answer to this one.</summary>
    private async Task<AcmeResource> ReadFirstAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            var authorization = await client.ReadAsync(address, cancellationToken);
            return authorization.Status is "pending" or "valid" ? authorization : throw Stale(authorization);
        }
        catch (AcmeProblemException forgotten) when (forgotten.Problem.Status is 404 or 410 || forgotten.Problem.Type == AcmeProblem.Malformed)
        {
            throw new StaleOrderException($"an authorization of the order is gone: {forgotten.Problem.Words}");
        }
    }

    /// <summary>False if it is not known whether the authority heard us.</summary>
    private async Task<bool> TryRespondAsync(Uri challenge, CancellationToken cancellationToken)
    {
        try
        {
            await client.RespondAsync(challenge, cancellationToken);
            return true;
        }
        catch (TransientFailureException lost)
        {
            logger.ChallengeNotHeard(client.Authority, lost.Message);
            return false;
        }
        catch (AcmeProblemException refused) when (refused.Problem.Type == AcmeProblem.Malformed || refused.Problem.Status >= 500)
        {
            // "Cannot update challenge with status invalid": the authorization itself says what it is now.
            logger.ChallengeNotHeard(client.Authority, refused.Problem.Words);
            return false;
        }
    }

    // Also when the step is being stopped; what stays behind is in the ledger, hence it does not fail the order.
    private async Task TakeProofsAwayAsync(CertificateFor use)
    {
        using var limit = new CancellationTokenSource(_settings.CallLimit);
        try
        {
            await proofs.TakeAwayAsync(use.Name, limit.Token);
        }
        catch (Exception failed)
        {
            logger.ChallengeLeft(use.Host, failed.Message);
        }
    }

    private async Task<AcmeResource> PollAsync(
        Uri address, string whileStatus, DateTimeOffset deadline, CancellationToken cancellationToken, Func<AcmeResource, Task>? meanwhile = null)
    {
        var pause = FirstPause;
        while (true)
        {
            Exception? unread = null;
            TimeSpan? asked = null;
            try
            {
                var resource = await client.ReadAsync(address, cancellationToken);
                if (resource.Status != whileStatus)
                {
                    return resource;
                }

                asked = resource.RetryAfter;
                await (meanwhile?.Invoke(resource) ?? Task.CompletedTask);
            }
            catch (Exception silent) when (silent is TransientFailureException or AcmeProblemException { Problem.Status: >= 500 })
            {
                // It may be deciding all the same, and must find what it looks for.
                (unread, asked) = (silent, (silent as TransientFailureException)?.RetryAfter);
            }

            var left = deadline - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                throw unread ?? new TransientFailureException(
                    $"The certificate authority {client.Authority} is still at it after {_settings.OrderLimit.TotalSeconds:0.#} s: {WordsOf(whileStatus)}. The next attempt goes on with the same order.");
            }

            // What follows – the certificate itself – needs its share of the time as well.
            var longest = Shorter(Longer(left / 4, pause), LongestAskedPause);
            var wait = asked is { } told && told > TimeSpan.Zero ? Shorter(told, longest) : pause;
            await Task.Delay(Shorter(wait, left), time, cancellationToken);
            pause = Shorter(pause * 2, LongestPause);
        }
    }

    private static string WordsOf(string status) => status switch
    {
        "pending" => "the name is still being validated by the CA ('pending')",
        "ready" => "it has not taken up our certificate request ('ready')",
        _ => $"the certificate is still being issued ('{status}')",
    };

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static JsonElement ChallengeOf(AcmeResource authorization, string challengeType) =>
        authorization.Document.GetProperty("challenges").EnumerateArray().FirstOrDefault(c => c.GetProperty("type").GetString() == challengeType);

    private static StaleOrderException Stale(AcmeResource authorization) => new($"an authorization of the order is {authorization.Status}: {ProblemOf(authorization).Words}");

    private static void ThrowIfInvalid(AcmeResource resource)
    {
        if (resource.Status is not ("valid" or "pending" or "ready" or "processing"))
        {
            throw new AcmeProblemException(ProblemOf(resource));
        }
    }

    private static AcmeProblem ProblemOf(AcmeResource resource)
    {
        var problem = Errors(resource.Document).Select(e => AcmeProblem.TryRead(e, 0)).FirstOrDefault(p => p is not null)
            ?? new AcmeProblem("invalid", $"it says '{resource.Status}' and no more", 0, null, []);
        var host = resource.Document.TryGetProperty("identifier", out var identifier) ? identifier.GetProperty("value").GetString() : null;
        return problem with { Host = problem.Host ?? host };
    }

    private static IEnumerable<JsonElement> Errors(JsonElement document)
    {
        if (document.TryGetProperty("error", out var own))
        {
            yield return own;
        }

        if (document.TryGetProperty("challenges", out var challenges))
        {
            foreach (var challenge in challenges.EnumerateArray())
            {
                if (challenge.TryGetProperty("error", out var error))
                {
                    yield return error;
                }
            }
        }
    }

    private static Uri Address(AcmeResource resource, string name) => new(resource.Document.GetProperty(name).GetString()!);

    private static IEnumerable<Uri> Addresses(AcmeResource resource, string name) =>
        resource.Document.GetProperty(name).EnumerateArray().Select(a => new Uri(a.GetString()!));
}
