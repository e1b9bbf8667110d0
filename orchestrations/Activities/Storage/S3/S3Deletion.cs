using Amazon.S3;
using Amazon.S3.Model;

namespace Bibind.Activities.Storage.S3;

/// <summary>Deletes for good: every version, every mark of a deletion and every upload that was never finished, page by page.</summary>
internal sealed class S3Deletion(S3Server server)
{
    private const int MostAttempts = 5;

    private AmazonS3Client Client => server.Client;

    /// <summary>Deletes what is under a prefix, or one key alone; succeeds when there is nothing, nor a bucket.</summary>
    public async Task DeleteAsync(string bucket, string prefix, bool onlyThisKey, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteVersionsAsync(bucket, prefix, onlyThisKey, cancellationToken);
            await AbortUploadsAsync(bucket, prefix, onlyThisKey, cancellationToken);
        }
        catch (AmazonS3Exception absent) when (absent.ErrorCode == S3Errors.NoSuchBucket)
        {
            // Nothing is in it.
        }
    }

    /// <summary>Deletes a bucket with everything in it; succeeds when there is none.</summary>
    public async Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await DeleteAsync(bucket, string.Empty, onlyThisKey: false, cancellationToken);
            try
            {
                await Client.DeleteBucketAsync(bucket, cancellationToken);
                return;
            }
            catch (AmazonS3Exception absent) when (absent.ErrorCode == S3Errors.NoSuchBucket)
            {
                return;
            }
            catch (AmazonS3Exception refilled) when (refilled.ErrorCode == S3Errors.BucketNotEmpty)
            {
                if (attempt == MostAttempts)
                {
                    throw new TransientFailureException($"Somebody keeps storing objects in the bucket '{bucket}' while it is deleted.");
                }
            }
        }
    }

    private async Task DeleteVersionsAsync(string bucket, string prefix, bool onlyThisKey, CancellationToken cancellationToken)
    {
        var request = new ListVersionsRequest { BucketName = bucket, Prefix = prefix };
        ListVersionsResponse page;
        do
        {
            try
            {
                page = await Client.ListVersionsAsync(request, cancellationToken);
            }
            catch (AmazonS3Exception unknown) when (S3Errors.IsUnknownToServer(unknown))
            {
                await DeleteUnversionedAsync(bucket, prefix, onlyThisKey, cancellationToken);
                return;
            }

            var versions = page.Versions ?? [];
            var doomed = versions.Where(v => !onlyThisKey || v.Key == prefix).Select(v => new KeyVersion { Key = v.Key, VersionId = v.VersionId }).ToList();
            await DeleteObjectsAsync(bucket, doomed, cancellationToken);

            // The key itself comes before all others that begin with it.
            if (onlyThisKey && doomed.Count < versions.Count)
            {
                return;
            }

            (request.KeyMarker, request.VersionIdMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
        while (page.IsTruncated == true);
    }

    private async Task DeleteUnversionedAsync(string bucket, string prefix, bool onlyThisKey, CancellationToken cancellationToken)
    {
        if (onlyThisKey)
        {
            await Client.DeleteObjectAsync(bucket, prefix, cancellationToken);
            return;
        }

        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix };
        ListObjectsV2Response page;
        do
        {
            page = await Client.ListObjectsV2Async(request, cancellationToken);
            await DeleteObjectsAsync(bucket, [.. (page.S3Objects ?? []).Select(o => new KeyVersion { Key = o.Key })], cancellationToken);
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    private async Task DeleteObjectsAsync(string bucket, List<KeyVersion> doomed, CancellationToken cancellationToken)
    {
        if (doomed.Count == 0)
        {
            return;
        }

        try
        {
            await Client.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = bucket, Objects = doomed, Quiet = true }, cancellationToken);
        }
        catch (DeleteObjectsException some)
        {
            var first = some.Response.DeleteErrors[0];
            throw new TransientFailureException(
                $"{some.Response.DeleteErrors.Count} objects of the bucket '{bucket}' could not be deleted, such as '{first.Key}': {first.Code}.");
        }
    }

    private async Task AbortUploadsAsync(string bucket, string prefix, bool onlyThisKey, CancellationToken cancellationToken)
    {
        var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix };
        ListMultipartUploadsResponse page;
        do
        {
            page = await Client.ListMultipartUploadsAsync(request, cancellationToken);
            foreach (var upload in (page.MultipartUploads ?? []).Where(u => !onlyThisKey || u.Key == prefix))
            {
                try
                {
                    await Client.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId, cancellationToken);
                }
                catch (AmazonS3Exception gone) when (gone.ErrorCode == S3Errors.NoSuchUpload)
                {
                    // It has ended meanwhile.
                }
            }

            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
        while (page.IsTruncated == true);
    }
}
