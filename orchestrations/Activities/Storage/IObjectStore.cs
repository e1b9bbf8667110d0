namespace Bibind.Activities.Storage;

/// <summary>An object as the store lists it.</summary>
/// <param name="Key">Its key within the bucket.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="LastModified">UTC.</param>
public sealed record StoredObject(string Key, long Bytes, DateTimeOffset LastModified);

/// <summary>A page of a listing, in ordinal order of the keys.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
public sealed record ObjectPage(IReadOnlyList<StoredObject> Objects, string? Next);

/// <summary>Keeps objects in buckets; shaped after S3, so that any S3 store can stand behind it.</summary>
public interface IObjectStore
{
    /// <summary>Creates a bucket; succeeds when it is there.</summary>
    /// <exception cref="ForeignBucketException">Another account of the store has a bucket of this name.</exception>
    Task CreateBucketAsync(string bucket, CancellationToken cancellationToken);

    /// <summary>True if the bucket is there.</summary>
    /// <exception cref="ForeignBucketException">It is, but belongs to another account of the store.</exception>
    Task<bool> BucketExistsAsync(string bucket, CancellationToken cancellationToken);

    /// <summary>Stores an object whole or not at all, replacing an earlier one.</summary>
    /// <returns>Its size.</returns>
    /// <exception cref="StorageFullException">There is no room.</exception>
    Task<long> PutAsync(string bucket, string key, Stream content, CancellationToken cancellationToken);

    /// <summary>The object's content, to be read forwards once; null if there is none.</summary>
    Task<Stream?> OpenReadAsync(string bucket, string key, CancellationToken cancellationToken);

    /// <summary>The object without its content; null if there is none.</summary>
    Task<StoredObject?> HeadAsync(string bucket, string key, CancellationToken cancellationToken);

    /// <summary>Objects under a prefix, which ends with a slash unless it is empty.</summary>
    /// <param name="bucket">The bucket; one that is not there lists as empty.</param>
    /// <param name="prefix">The prefix; empty for all.</param>
    /// <param name="start"><see cref="ObjectPage.Next"/> of the page before; null for the first.</param>
    /// <param name="limit">The most objects in the answer.</param>
    Task<ObjectPage> ListAsync(string bucket, string prefix, string? start, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// An address that anybody can download the object from until the time is over, at most seven days; null where the
    /// store has none. Whether the object is there is not asked.
    /// </summary>
    Task<Uri?> LinkAsync(string bucket, string key, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Deletes an object with all its versions; succeeds when there is none.</summary>
    Task DeleteAsync(string bucket, string key, CancellationToken cancellationToken);

    /// <summary>Deletes every object under a prefix, uploads that were never finished included; succeeds when there is none.</summary>
    Task DeleteAllAsync(string bucket, string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes a bucket with everything in it; succeeds when there is none.</summary>
    Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken);
}
