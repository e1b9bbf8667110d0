using Bibind.Activities.Storage;
using Bibind.Activities.Storage.S3.Rgw;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Usage;

/// <summary>Says how much a tenant's bucket holds.</summary>
public interface IBucketSizes
{
    /// <summary>Bytes; 0 if there is no bucket.</summary>
    /// <exception cref="ActivityFailureException">It cannot be known; says why.</exception>
    Task<long> MeasureAsync(TenantDescriptor place, CancellationToken cancellationToken);
}

/// <summary>Adds up what the store lists, of buckets that are not too large for that.</summary>
internal sealed class ListedBucketSizes(IObjectStore store) : IBucketSizes
{
    /// <summary>Every thousand objects cost a request, each time.</summary>
    internal const int MostObjects = 100_000;
    private const int PageSize = 10_000;

    public async Task<long> MeasureAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var (bytes, objects) = (0L, 0);
        string? start = null;
        do
        {
            var page = await store.ListAsync(place.Bucket, string.Empty, start, PageSize, cancellationToken);
            (bytes, objects, start) = (bytes + page.Objects.Sum(o => o.Bytes), objects + page.Objects.Count, page.Next);
            if (objects >= MostObjects && start is not null)
            {
                throw new PermanentFailureException(
                    $"The bucket '{place.Bucket}' holds more than {MostObjects:N0} objects, which are not counted one by one each time; its store's own figures have to do.");
            }
        }
        while (start is not null);
        return bytes;
    }
}

/// <summary>Asks Ceph's object gateway, which counts by itself.</summary>
internal sealed class RgwBucketSizes(RgwAdmin admin) : IBucketSizes
{
    public Task<long> MeasureAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        return admin.FindBucketBytesAsync(place.Bucket, cancellationToken);
    }
}
