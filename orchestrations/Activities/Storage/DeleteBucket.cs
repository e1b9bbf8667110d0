using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage;

/// <summary>Deletes the tenant's keys and its bucket with everything in it; one that is not ours is never touched.</summary>
public sealed class DeleteBucket(IObjectStore store, TenantBucket buckets, IStorageUsers users, ILogger<DeleteBucket> logger) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await users.RevokeAsync(place, context.CancellationToken);
        switch (await buckets.LookAsync(place, context.CancellationToken))
        {
            case BucketSight.Ours:
                await store.DeleteBucketAsync(place.Bucket, context.CancellationToken);
                break;
            case BucketSight.Foreign:
                logger.ForeignBucketLeft(place.Bucket);
                break;
        }

        return Nothing.Value;
    }
}
