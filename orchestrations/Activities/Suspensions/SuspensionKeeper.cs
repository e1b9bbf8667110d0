using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Suspensions;

/// <summary>
/// Shuts what should be shut again, round after round: a database that a process died in while it was reading, or that somebody opened by hand. Ends
/// jobs whose orchestration was ended from outside.
/// </summary>
public sealed class SuspensionKeeper(
    SuspensionStore store, SuspensionLifecycle lifecycle, SuspendedDatabases databases, TenantStore tenants, AbandonedJobs abandoned, ILogger<SuspensionKeeper> logger)
{
    private const int PageSize = 500;
    private const int AtOnce = 4;

    /// <summary>Looks at every suspended tenant that no job works on; one that cannot be shut is not in the way of the others.</summary>
    public async Task RunAsync(string jobId, CancellationToken cancellationToken)
    {
        foreach (var job in await abandoned.FindAsync([JobKinds.Suspend, JobKinds.Resume], cancellationToken))
        {
            await lifecycle.EndAbandonedAsync(job.TenantId, job.Id, cancellationToken);
        }

        IReadOnlyList<long> page = [];
        do
        {
            page = await store.ListSettledAsync(page.Count == 0 ? 0 : page[^1], PageSize, cancellationToken);
            await Parallel.ForEachAsync(
                page,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (id, cancellation) => await KeepAsync(id, jobId, cancellation));
        }
        while (page.Count == PageSize);
    }

    private async Task KeepAsync(long id, string jobId, CancellationToken cancellationToken)
    {
        if (await tenants.GetAsync(id, cancellationToken) is not { } tenant)
        {
            return;
        }

        var place = tenant.ToPlace(jobId);
        try
        {
            if (!await databases.IsShutAsync(place, cancellationToken)
                && await store.HoldAsync(id, () => databases.ShutAsync(place, cancellationToken), cancellationToken))
            {
                logger.DatabaseShutAgain(place.Database);
            }
        }
        catch (ActivityFailureException failed)
        {
            logger.DatabaseNotShut(place.Database, failed.Message);
        }
    }
}
