using Bibind.Durable;

namespace Bibind.Activities.Storage;

/// <summary>A bucket of that name belongs to another account of the store.</summary>
public sealed class ForeignBucketException(string bucket)
    : PermanentFailureException($"The bucket '{bucket}' belongs to another account of the object store, or its policy keeps us out; it was left as it is.");
