using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage;

/// <summary>Deletes the tenant's keys and its bucket with everything in it; one that is not ours is never touched.</summary>
public sealed class DeleteBucket(IObjectStore store, TenantBucket buckets, IStorageUsers users, ILogger<DeleteBucket> logger) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await users.RevokeAsync(place, context.CancellationToken);
        switch (await buckets.LookAsync(place, context.CancellationToken))
        {
            case BucketInfo.Ours:
                await store.DeleteBucketAsync(place.Bucket, context.CancellationToken);
                break;
            case BucketInfo.Foreign:
                logger.ForeignBucketLeft(place.Bucket);
                break;
        }

        return Unit.Value;
    }
}
