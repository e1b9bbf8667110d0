using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// Lists what is in a bucket, whatever the keys: they are asked for in encoded form, and each page begins behind the last key of
/// the page before, since not every server encodes the marker that it names itself.
/// </summary>
internal sealed class S3Listings(S3Server server)
{
    /// <summary>Every version and every mark of a deletion, page by page; where the server knows no versions, every object.</summary>
    public async IAsyncEnumerable<IReadOnlyList<KeyVersion>> VersionsAsync(
        string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListVersionsRequest { BucketName = bucket, Prefix = prefix, Encoding = EncodingType.Url };
        while (true)
        {
            var page = await TryListVersionsAsync(request, cancellationToken);
            if (page is null)
            {
                await foreach (var objects in ObjectsAsync(bucket, prefix, cancellationToken))
                {
                    yield return [.. objects.Select(o => new KeyVersion { Key = o.Key })];
                }

                yield break;
            }

            List<KeyVersion> versions = [.. (page.Versions ?? []).Select(v => new KeyVersion { Key = S3Keys.Decode(v.Key), VersionId = v.VersionId })];
            yield return versions;
            if (page.IsTruncated != true || versions.Count == 0)
            {
                yield break;
            }

            (request.KeyMarker, request.VersionIdMarker) = (versions[^1].Key, versions[^1].VersionId);
        }
    }

    /// <summary>A page of objects.</summary>
    /// <param name="after">The last key of the page before; null for the first.</param>
    /// <param name="limit">The most objects in it; the server's own limit unless given.</param>
    public async Task<(IReadOnlyList<S3Object> Objects, bool HasMore)> PageAsync(
        string bucket, string prefix, string? after, int? limit, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix, StartAfter = after, Encoding = EncodingType.Url };
        if (limit is { } most)
        {
            request.MaxKeys = most;
        }

        var page = await server.Client.ListObjectsV2Async(request, cancellationToken);
        var objects = page.S3Objects ?? [];
        objects.ForEach(o => o.Key = S3Keys.Decode(o.Key));
        return (objects, page.IsTruncated == true && objects.Count > 0);
    }

    /// <summary>Every upload that was not finished.</summary>
    public async IAsyncEnumerable<MultipartUpload> UploadsAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix, Encoding = EncodingType.Url };
        while (true)
        {
            var page = await server.Client.ListMultipartUploadsAsync(request, cancellationToken);
            var uploads = page.MultipartUploads ?? [];
            foreach (var upload in uploads)
            {
                upload.Key = S3Keys.Decode(upload.Key);
                yield return upload;
            }

            if (page.IsTruncated != true || uploads.Count == 0)
            {
                yield break;
            }

            (request.KeyMarker, request.UploadIdMarker) = (uploads[^1].Key, uploads[^1].UploadId);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<S3Object>> ObjectsAsync(string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            var (objects, hasMore) = await PageAsync(bucket, prefix, after, null, cancellationToken);
            yield return objects;
            if (!hasMore)
            {
                yield break;
            }

            after = objects[^1].Key;
        }
    }

    private async Task<ListVersionsResponse?> TryListVersionsAsync(ListVersionsRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await server.Client.ListVersionsAsync(request, cancellationToken);
        }
        catch (AmazonS3Exception unknown) when (S3Errors.IsUnknownToServer(unknown))
        {
            return null;
        }
    }
}
