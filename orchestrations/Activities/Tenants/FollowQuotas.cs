using Bibind.Activities.Storage;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tenants;

/// <summary>Gives the bucket of every tenant the quota of its plan, where the tenant was sold another plan, or another version of it, since.</summary>
public sealed class FollowQuotas(IStorageUsers users, RoutedTenants tenants, TenantStore store, ILogger<FollowQuotas> logger) : TaskActivity<Unit, int>
{
    private const int AtOnce = 4;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!users.IsOn)
        {
            return 0;
        }

        var changed = 0;
        await Parallel.ForEachAsync(
            await tenants.ListAsync(context.CancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = context.CancellationToken },
            async (id, cancellation) => Interlocked.Add(ref changed, await TryFollowAsync(id, context.InstanceId, cancellation) ? 1 : 0));
        return changed;
    }

    // One that cannot be changed is not in the way of the others, and comes again in the next round.
    private async Task<bool> TryFollowAsync(long id, string jobId, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(id, cancellationToken) is not { } tenant)
        {
            return false;
        }

        var place = tenant.ToPlace(jobId);
        try
        {
            var hasChanged = await users.FollowPlanAsync(place, cancellationToken);
            if (hasChanged)
            {
                logger.QuotaFollowed(place.Bucket, place.Plan);
            }

            return hasChanged;
        }
        catch (ActivityFailureException failed)
        {
            logger.QuotaNotFollowed(place.Bucket, failed.Message);
            return false;
        }
    }
}
