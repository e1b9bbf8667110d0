using Bibind.Activities.Dns;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>
/// An authority that speaks ACME. An order's address and key are kept before anything is proved, so that whoever comes
/// after a crash takes the order up again instead of placing another.
/// </summary>
internal sealed class AcmeAuthority(
    AcmeClient client, AcmeOrders orders, IssuanceBudget budget, IHostReadiness hosts, ISecretStore secrets, IOptions<CertificateOptions> options,
    TimeProvider time) : ICertificateAuthority
{
    private const int MostOrders = 2;
    private readonly CertificateOptions _options = options.Value;

    /// <inheritdoc/>
    public string Name => client.Authority;

    /// <inheritdoc/>
    public async Task<HeldCertificate> IssueAsync(CertificateFor use, HeldCertificate? replaced, CancellationToken cancellationToken)
    {
        try
        {
            var isWildcard = use.Hosts.Any(h => h.StartsWith("*.", StringComparison.Ordinal));

            // In a customer's own zone we can set no record.
            var challengeType = isWildcard ? ChallengeTypes.Dns
                : _options.Challenge == ChallengeTypes.Dns && !hosts.IsInZone(use.Host) ? ChallengeTypes.Http
                : _options.Challenge;
            if (challengeType == ChallengeTypes.Http)
            {
                // An authority that looks too early counts a failure against us.
                await hosts.WaitUntilPointsAsync(use.Host, cancellationToken);
            }

            for (var orders = 1; ; orders++)
            {
                try
                {
                    var (pending, order) = await TakeUpAsync(use, cancellationToken) ?? await PlaceAsync(use, replaced, cancellationToken);
                    return await FinishAsync(use, pending, order, challengeType, cancellationToken);
                }
                catch (StaleOrderException stale) when (orders >= MostOrders)
                {
                    throw new TransientFailureException($"The certificate authority {Name} ended {orders} orders for {use.Host}: {stale.Message}.", stale);
                }
                catch (StaleOrderException)
                {
                    // It is closed, and a new one takes its place if the budget has room.
                }
            }
        }
        catch (Exception malformed) when (malformed is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TransientFailureException($"The certificate authority {Name} answered a document that makes no sense: {malformed.Message}", malformed);
        }
    }

    /// <inheritdoc/>
    public async Task RevokeAsync(HeldCertificate certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        using var leaf = certificate.Leaf();
        if (HeldCertificate.EndOf(leaf) <= time.GetUtcNow())
        {
            return;
        }

        try
        {
            await client.RevokeAsync(leaf.RawData, reason, cancellationToken);
        }
        catch (AcmeProblemException refused)
        {
            throw refused.Problem.Failure(Name, "to revoke a certificate");
        }
    }

    /// <inheritdoc/>
    public async Task<RenewalWindow?> RenewalWindowAsync(HeldCertificate certificate, CancellationToken cancellationToken)
    {
        using var leaf = certificate.Leaf();
        return RenewalInfo.IdOf(leaf) is { } id ? await client.RenewalWindowAsync(id, cancellationToken) : null;
    }

    private async Task<HeldCertificate> FinishAsync(
        CertificateFor use, PendingOrder pending, AcmeResource order, string challengeType, CancellationToken cancellationToken)
    {
        try
        {
            var chain = await orders.FinishAsync(order, use, challengeType, pending.PrivateKeyPem, cancellationToken);
            if (CertificateRequests.FindFault(chain, pending.PrivateKeyPem, use.Hosts) is { } fault)
            {
                throw new PermanentFailureException($"The certificate authority {Name} issued a certificate for {use.Host} that is of no use: {fault}.");
            }

            await CloseAsync(use, pending, null, cancellationToken);
            return new HeldCertificate(chain, pending.PrivateKeyPem, Name);
        }
        catch (StaleOrderException stale)
        {
            await CloseAsync(use, pending, stale.Message, cancellationToken);
            throw;
        }
        catch (AcmeProblemException refused) when (refused.Problem.Status < 500)
        {
            await CloseAsync(use, pending, refused.Problem.Words, cancellationToken);
            throw refused.Problem.Failure(Name, $"a certificate for {use.Host}");
        }
        catch (AcmeProblemException trouble)
        {
            throw new TransientFailureException($"The certificate authority {Name} is in trouble: {trouble.Problem.Words}.", trouble);
        }
        catch (PermanentFailureException useless)
        {
            await CloseAsync(use, pending, useless.Message, cancellationToken);
            throw;
        }
    }

    private async Task<(PendingOrder Pending, AcmeResource Order)?> TakeUpAsync(CertificateFor use, CancellationToken cancellationToken)
    {
        var name = CertificateNames.PendingOrder(use.Name);
        if (await secrets.FindAsync(name, cancellationToken) is not { } stored)
        {
            return null;
        }

        var pending = PendingOrder.OfSecret(stored);
        try
        {
            var order = pending.Authority == Name ? await client.ReadAsync(pending.Order, cancellationToken) : null;
            if (order?.Status is "pending" or "ready" or "processing" or "valid")
            {
                return (pending, order);
            }
        }
        catch (AcmeProblemException forgotten) when (forgotten.Problem.Status < 500)
        {
            // Orders live for some days; this one is gone.
        }

        await CloseAsync(use, pending, "the order was not finished in time", cancellationToken);
        return null;
    }

    private async Task<(PendingOrder Pending, AcmeResource Order)> PlaceAsync(CertificateFor use, HeldCertificate? replaced, CancellationToken cancellationToken)
    {
        var replaces = await ReplacesAsync(replaced, cancellationToken);
        long? place = replaces is null ? await TakePlaceAsync(use, cancellationToken) : null;
        try
        {
            AcmeResource order;
            try
            {
                order = await client.PlaceOrderAsync(use.Hosts, replaces, cancellationToken);
            }
            catch (AcmeProblemException replacedBefore) when (replaces is not null && replacedBefore.Problem.Type == AcmeProblem.AlreadyReplaced)
            {
                place = await TakePlaceAsync(use, cancellationToken);
                order = await client.PlaceOrderAsync(use.Hosts, null, cancellationToken);
            }

            var pending = new PendingOrder(Name, order.Address, AcmeKey.NewPem(), place);
            await secrets.SetAsync(CertificateNames.PendingOrder(use.Name), pending.ToSecret(), cancellationToken);
            RequireSameNames(use, order);
            return (pending, order);
        }
        catch (AcmeProblemException refused)
        {
            if (place is { } taken)
            {
                await budget.EndAsync(taken, refused.Problem.Words, cancellationToken);
            }

            throw refused.Problem.Failure(Name, $"an order for {use.Host}");
        }
    }

    private async Task<string?> ReplacesAsync(HeldCertificate? replaced, CancellationToken cancellationToken)
    {
        if (replaced is null || !await client.HasRenewalInfoAsync(cancellationToken))
        {
            return null;
        }

        using var leaf = replaced.Leaf();
        return RenewalInfo.IdOf(leaf);
    }

    private async Task<long> TakePlaceAsync(CertificateFor use, CancellationToken cancellationToken)
    {
        var answer = await budget.TakeAsync(use.Host, new IssuanceLimits(_options.PerWeek, _options.FailuresPerHour), cancellationToken);
        return answer.OrderId ?? throw new TransientFailureException(
            $"No certificate for {use.Host} is ordered now: {answer.Reason!.TrimEnd('.')}. There is room again at {answer.RoomAt:u}.");
    }

    private async Task CloseAsync(CertificateFor use, PendingOrder pending, string? failure, CancellationToken cancellationToken)
    {
        if (pending.Place is { } place)
        {
            await budget.EndAsync(place, failure, cancellationToken);
        }

        // The order of a certificate that was issued is kept until that is stored.
        if (failure is not null)
        {
            await secrets.DeleteAsync(CertificateNames.PendingOrder(use.Name), cancellationToken);
        }
    }

    private void RequireSameNames(CertificateFor use, AcmeResource order)
    {
        var names = order.Document.GetProperty("identifiers").EnumerateArray().Select(i => i.GetProperty("value").GetString()!);
        if (!use.Hosts.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(names))
        {
            throw new PermanentFailureException($"The certificate authority {Name} made of an order for {use.Host} one for {string.Join(", ", names)}.");
        }
    }
}
