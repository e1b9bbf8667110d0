using System.Globalization;
using System.Text;
using Bibind.Contracts;

namespace Bibind.Activities.Storage;

/// <summary>What a look at a tenant's bucket showed.</summary>
public enum BucketInfo
{
    /// <summary>There is none.</summary>
    Absent,

    /// <summary>It carries our mark for this tenant, or is empty: an attempt of ours ended before it was marked.</summary>
    Ours,

    /// <summary>It holds something and is not marked as this tenant's.</summary>
    Foreign,
}

/// <summary>The bucket of a tenant and the object in it that says whose it is.</summary>
public sealed class TenantBucket(IObjectStore store)
{
    /// <summary>Whose the bucket is.</summary>
    public async Task<BucketInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        try
        {
            if (!await store.BucketExistsAsync(place.Bucket, cancellationToken))
            {
                return BucketInfo.Absent;
            }
        }
        catch (ForeignBucketException)
        {
            return BucketInfo.Foreign;
        }

        var mark = await ReadMarkAsync(place, cancellationToken);
        if (mark is null)
        {
            var first = await store.ListAsync(place.Bucket, string.Empty, null, 1, cancellationToken);
            if (first.Objects.Count == 0)
            {
                return BucketInfo.Ours;
            }

            // What lies in it may be the mark, which another delivery of the step has just put there.
            mark = await ReadMarkAsync(place, cancellationToken);
        }

        return mark == Mark(place) ? BucketInfo.Ours : BucketInfo.Foreign;
    }

    /// <summary>Marks the bucket as the tenant's.</summary>
    public async Task MarkAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        using var mark = new MemoryStream(Encoding.UTF8.GetBytes(Mark(place)));
        await store.PutAsync(place.Bucket, ObjectNames.Mark, mark, cancellationToken);
    }

    private async Task<string?> ReadMarkAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var mark = await store.OpenReadAsync(place.Bucket, ObjectNames.Mark, cancellationToken);
        if (mark is null)
        {
            return null;
        }

        using var reader = new StreamReader(mark, Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private static string Mark(TenantDescriptor place) => string.Create(CultureInfo.InvariantCulture, $"bibind tenant={place.TenantId}");
}
