using System.Diagnostics;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Reconciliation;

/// <summary>
/// Looks at every tenant that is due, page by page: few of each server at a time. What one machine claims, no other looks at; what it did not record
/// before it died is still due, and another goes on there. What two looks saw is repaired, or told.
/// </summary>
public sealed class ReconciliationRound(
    ReconciliationRounds rounds, ReconciliationFindings findings, ReconciliationRepairs repairs, DatabaseLooks databases,
    InfrastructureLooks infrastructure, FindingRepair repair, IOptions<ReconciliationOptions> options, TimeProvider time, ILogger<ReconciliationRound> logger)
{
    private const int PageSize = 100;

    // Route, record, certificate and bucket, of which each has the limit, and of some tenants a repair.
    private const int LimitsOfOne = 5;

    // Beyond what the tenants of a page may take: for the control database, and a machine that is busy.
    private static readonly TimeSpan Recording = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    private TimeSpan Lease => (options.Value.Limit * LimitsOfOne * ((PageSize + options.Value.PerServer - 1) / options.Value.PerServer)) + Recording;

    /// <summary>Looks at what is due at the moment; answers how many tenants that were.</summary>
    public async Task<int> RunAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        await rounds.SyncAsync(moment, cancellationToken);
        var claimed = await rounds.ClaimAsync(moment, Lease, cancellationToken);
        if (claimed.Count == 0)
        {
            return 0;
        }

        var clock = Stopwatch.StartNew();
        var looked = 0;
        await Parallel.ForEachAsync(
            claimed, new ParallelOptions { MaxDegreeOfParallelism = options.Value.Servers, CancellationToken = cancellationToken },
            async (server, token) => Interlocked.Add(ref looked, await TryServerAsync(server, moment, token)));
        await rounds.PurgeAsync(cancellationToken);
        logger.Reconciled(looked, claimed.Count, clock.ElapsedMilliseconds);
        return looked;
    }

    // One that cannot be worked with is not in the way of the others; its claim runs out.
    private async Task<int> TryServerAsync(ClaimedReconciliation server, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        try
        {
            var looked = 0;
            while (await rounds.NextAsync(server, moment, Lease, PageSize, cancellationToken) is { Count: > 0 } page)
            {
                looked += page.Count;
                if (!await LookAtPageAsync(server, page, moment, cancellationToken))
                {
                    return looked;
                }
            }

            await rounds.ReleaseAsync(server, cancellationToken);
            return looked;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            logger.ReconciliationFailed(server.ServerId, failure);
            return 0;
        }
        catch (OperationCanceledException)
        {
            // A call whose time is up, or a host that stops: the next one need not wait for the claim to run out.
            using var limit = new CancellationTokenSource(ReleaseLimit);
            await rounds.ReleaseAsync(server, limit.Token);
            throw;
        }
    }

    // False if another machine has taken over.
    private async Task<bool> LookAtPageAsync(ClaimedReconciliation server, IReadOnlyList<ReconciledTenant> page, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        var (there, unknown) = await TryDatabasesAsync(server.ServerId, page, cancellationToken);
        var parts = new PartLooks(options.Value.Limit, time);
        var looks = new TenantLook[page.Count];
        await Parallel.ForAsync(
            0, page.Count, new ParallelOptions { MaxDegreeOfParallelism = options.Value.PerServer, CancellationToken = cancellationToken },
            async (i, token) => looks[i] = await LookAsync(page[i], there, unknown, parts, token));

        var recorded = await findings.RecordCleanAsync(server, [.. page.Where((_, i) => looks[i].IsClean).Select(t => t.Tenant.Id)], moment, cancellationToken);
        foreach (var (tenant, look) in page.Zip(looks).Where(p => !recorded.Contains(p.First.Tenant.Id)))
        {
            var result = await findings.RecordAsync(server, tenant, look, moment, cancellationToken);
            if (!result.IsOurs)
            {
                return false;
            }

            foreach (var finding in result.ToRepair)
            {
                await TryRepairAsync(tenant, finding, moment, cancellationToken);
            }
        }

        return true;
    }

    private async Task<(ServerDatabases? There, string? Unknown)> TryDatabasesAsync(long serverId, IReadOnlyList<ReconciledTenant> page, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(options.Value.Limit);
        try
        {
            return (await databases.LookAsync(serverId, page, limited.Token), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"The databases could not be asked: no answer within {options.Value.Limit.TotalSeconds:0.#} seconds.");
        }
        catch (ActivityFailureException failed)
        {
            return (null, $"The databases could not be asked: {failed.Message}");
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // What pretends to be a server can make a client fail in any way.
            return (null, $"The databases could not be asked ({failed.GetType().Name}).");
        }
    }

    private async Task<TenantLook> LookAsync(
        ReconciledTenant tenant, ServerDatabases? there, string? unknownDatabases, PartLooks parts, CancellationToken cancellationToken)
    {
        var seen = new List<Observation>(TenantComparison.Compare(tenant));
        var unknown = new Dictionary<string, string>(StringComparer.Ordinal);
        if (there is not null)
        {
            seen.AddRange(there.Compare(tenant));
        }
        else
        {
            unknown[ReconciledParts.Database] = unknownDatabases!;
        }

        await AskAsync(ReconciledParts.Route, token => infrastructure.LookAtRoutesAsync(tenant, token));
        await AskAsync(ReconciledParts.Dns, token => infrastructure.LookAtDnsAsync(tenant, token));
        await AskAsync(ReconciledParts.Certificate, token => infrastructure.LookAtCertificatesAsync(tenant, token));
        await AskAsync(ReconciledParts.Bucket, token => infrastructure.LookAtBucketAsync(tenant, token));
        return new TenantLook(seen, unknown);

        async Task AskAsync(string part, Func<CancellationToken, Task<IReadOnlyList<Observation>>> ask)
        {
            var (answer, reason) = await parts.TryAsync(part, ask, cancellationToken);
            seen.AddRange(answer ?? []);
            if (answer is null)
            {
                unknown[part] = reason!;
            }
        }
    }

    private async Task TryRepairAsync(ReconciledTenant tenant, Finding finding, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        if (!FindingKinds.Of(finding.Kind).IsRepaired)
        {
            if (finding.ConfirmedAt == finding.LastSeenAt)
            {
                logger.DriftFound(tenant.Tenant.Code, finding.Kind, finding.Seen);
            }

            return;
        }

        var claim = await repairs.ClaimAsync(finding, cancellationToken);
        if (claim.Id is not { } id)
        {
            await repairs.RefuseAsync(finding, claim, cancellationToken);
            logger.DriftNotRepaired(tenant.Tenant.Code, finding.Kind, claim.Reason!);
            return;
        }

        var failure = await repair.RunAsync(tenant, finding, cancellationToken);
        await repairs.EndAsync(finding, id, failure, moment + (failure is null ? options.Value.ConfirmAfter : options.Value.RetryInterval), cancellationToken);
        if (failure is null)
        {
            logger.DriftRepaired(tenant.Tenant.Code, finding.Kind, finding.Seen);
        }
        else
        {
            logger.DriftNotRepaired(tenant.Tenant.Code, finding.Kind, failure);
        }
    }
}
