using System.Text.Json;
using Bibind.Activities.Dns;
using Bibind.ControlPlane.Certificates;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>Takes an order from where it is to its certificate: proves the names, hands in the request, waits, downloads.</summary>
internal sealed class AcmeOrders(
    AcmeClient client, ChallengeStore http, IDnsChallenges dns, IOptions<CertificateOptions> options, TimeProvider time, ILogger<AcmeOrders> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private readonly AcmeSettings _settings = options.Value.Acme;

    /// <summary>The chain in PEM.</summary>
    /// <exception cref="AcmeProblemException">The authority refuses; the order is of no use any more.</exception>
    /// <exception cref="TransientFailureException">It is not finished; it may be taken up again.</exception>
    public async Task<string> FinishAsync(
        AcmeResource order, IReadOnlyList<string> hosts, string challengeType, string privateKeyPem, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + _settings.OrderLimit;
        if (order.Status == "pending")
        {
            await Task.WhenAll(Addresses(order, "authorizations").Select(a => AuthorizeAsync(a, challengeType, deadline, cancellationToken)));
            order = await PollAsync(order.Address, "pending", deadline, cancellationToken);
        }

        if (order.Status == "ready")
        {
            await client.FinalizeAsync(Address(order, "finalize"), CertificateRequests.Make(privateKeyPem, hosts), cancellationToken);
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

    private async Task AuthorizeAsync(Uri address, string challengeType, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var authorization = await client.ReadAsync(address, cancellationToken);
        if (authorization.Status != "pending")
        {
            ThrowIfInvalid(authorization);
            return;
        }

        var host = authorization.Document.GetProperty("identifier").GetProperty("value").GetString()!;
        var challenge = authorization.Document.GetProperty("challenges").EnumerateArray()
            .FirstOrDefault(c => c.GetProperty("type").GetString() == challengeType);
        if (challenge.ValueKind == JsonValueKind.Undefined)
        {
            throw new PermanentFailureException(
                $"The certificate authority {client.Authority} does not offer {challengeType} for {host}: choose another Certificates__Challenge.");
        }

        var token = challenge.GetProperty("token").GetString()!;
        var key = await client.KeyAsync(cancellationToken);
        try
        {
            await PresentAsync(challengeType, host, token, key, cancellationToken);
            if (challenge.GetProperty("status").GetString() == "pending")
            {
                await client.RespondAsync(new Uri(challenge.GetProperty("url").GetString()!), cancellationToken);
            }

            ThrowIfInvalid(await PollAsync(address, "pending", deadline, cancellationToken));
        }
        finally
        {
            await WithdrawAsync(challengeType, host, token, key);
        }
    }

    private Task PresentAsync(string challengeType, string host, string token, AcmeKey key, CancellationToken cancellationToken) =>
        challengeType == ChallengeTypes.Dns
            ? dns.PresentAsync(DnsNameOf(host), key.AuthorizeByDns(token), cancellationToken)
            : http.PutAsync(token, key.Authorize(token), cancellationToken);

    // Also when the step is being stopped; what stays behind harms nothing, hence it does not fail the order.
    private async Task WithdrawAsync(string challengeType, string host, string token, AcmeKey key)
    {
        using var limit = new CancellationTokenSource(_settings.CallLimit);
        try
        {
            await (challengeType == ChallengeTypes.Dns
                ? dns.RemoveAsync(DnsNameOf(host), key.AuthorizeByDns(token), limit.Token)
                : http.RemoveAsync(token, limit.Token));
        }
        catch (Exception failed)
        {
            logger.ChallengeLeft(host, failed.Message);
        }
    }

    private async Task<AcmeResource> PollAsync(Uri address, string whileStatus, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (true)
        {
            var resource = await client.ReadAsync(address, cancellationToken);
            if (resource.Status != whileStatus)
            {
                return resource;
            }

            var wait = resource.RetryAfter is { } told && told > TimeSpan.Zero ? told : pause;
            if (time.GetUtcNow() + wait > deadline)
            {
                throw new TransientFailureException(
                    $"The certificate authority {client.Authority} has not decided within {_settings.OrderLimit.TotalSeconds:0.#} s: it is still '{whileStatus}'.");
            }

            await Task.Delay(wait, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static void ThrowIfInvalid(AcmeResource resource)
    {
        if (resource.Status is "valid" or "pending" or "ready" or "processing")
        {
            return;
        }

        var problem = Errors(resource.Document).Select(e => AcmeProblem.TryRead(e, 0)).FirstOrDefault(p => p is not null)
            ?? new AcmeProblem("invalid", $"it says '{resource.Status}' and no more", 0, null, []);
        var host = resource.Document.TryGetProperty("identifier", out var identifier) ? identifier.GetProperty("value").GetString() : null;
        throw new AcmeProblemException(problem with { Host = problem.Host ?? host });
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

    private static string DnsNameOf(string host) => $"_acme-challenge.{host}";

    private static Uri Address(AcmeResource resource, string name) => new(resource.Document.GetProperty(name).GetString()!);

    private static IEnumerable<Uri> Addresses(AcmeResource resource, string name) =>
        resource.Document.GetProperty(name).EnumerateArray().Select(a => new Uri(a.GetString()!));
}
