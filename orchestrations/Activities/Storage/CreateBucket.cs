using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Storage;

/// <summary>Creates the tenant's bucket, marks it as ours, and gives the tenant keys to it where the store can.</summary>
public sealed class CreateBucket(IObjectStore store, TenantBucket buckets, IStorageUsers users) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        if (await buckets.LookAsync(place, context.CancellationToken) == BucketInfo.Foreign)
        {
            throw new PermanentFailureException($"A bucket named '{place.Bucket}' is already there and is not this tenant's; it was left as it is.");
        }

        await context.EnsureLeaseHeldAsync();
        await store.CreateBucketAsync(place.Bucket, context.CancellationToken);
        await buckets.MarkAsync(place, context.CancellationToken);
        await context.EnsureLeaseHeldAsync();
        await users.GrantAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
