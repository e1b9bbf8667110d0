using Amazon.S3;
using Amazon.S3.Model;
using Bibind.ControlPlane;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// Deletes for good: every version, every mark of a deletion and every upload that was never finished, page by page. Keys may
/// be any that S3 allows; those that the document of a deletion in bulk cannot carry go one by one.
/// </summary>
internal sealed class S3Deletion(S3Server server)
{
    private const int MostAttempts = 5;

    private readonly S3Listings _listings = new(server);
    private readonly S3ObjectLocks _locks = new(server);
    private readonly S3SlashedKeys _slashed = new(server);

    private AmazonS3Client Client => server.Client;

    /// <summary>Deletes what is under a prefix, or one key alone; succeeds when there is nothing, nor a bucket.</summary>
    public Task DeleteAsync(string bucket, string prefix, bool onlyThisKey, CancellationToken cancellationToken) =>
        DeleteAsync(bucket, prefix, key => !onlyThisKey || key == prefix, isLate: false, cancellationToken);

    /// <summary>Deletes a bucket with everything in it, our mark last; succeeds when there is none.</summary>
    public async Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Who breaks off finds a bucket that still says whose it is.
            await DeleteAsync(bucket, string.Empty, key => key != ObjectNames.Mark, attempt > 1, cancellationToken);
            await DeleteAsync(bucket, ObjectNames.Mark, key => key == ObjectNames.Mark, attempt > 1, cancellationToken);
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
                    throw new TransientFailureException(
                        $"The bucket '{bucket}' is not empty after it was emptied {MostAttempts} times: somebody keeps storing objects in it, or the server keeps what it does not list.");
                }
            }
        }
    }

    /// <param name="isDoomed">Which of the keys under the prefix go.</param>
    /// <param name="isLate">True if deleting in bulk has left something before.</param>
    private async Task DeleteAsync(string bucket, string prefix, Func<string, bool> isDoomed, bool isLate, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var page in _listings.VersionsAsync(bucket, prefix, cancellationToken))
            {
                await DeleteObjectsAsync(bucket, [.. page.Where(v => isDoomed(v.Key))], isLate, cancellationToken);
            }

            await foreach (var upload in _listings.UploadsAsync(bucket, prefix, cancellationToken))
            {
                if (isDoomed(upload.Key))
                {
                    await AbortAsync(bucket, upload, cancellationToken);
                }
            }
        }
        catch (AmazonS3Exception absent) when (absent.ErrorCode == S3Errors.NoSuchBucket)
        {
            // Nothing is in it.
        }
    }

    private async Task DeleteObjectsAsync(string bucket, IReadOnlyList<KeyVersion> doomed, bool isLate, CancellationToken cancellationToken)
    {
        List<KeyVersion> together = isLate ? [] : [.. doomed.Where(v => S3Keys.FitXml(v.Key))];
        foreach (var version in doomed.Except(together))
        {
            await DeleteObjectAsync(bucket, version, cancellationToken);
        }

        if (together.Count == 0)
        {
            return;
        }

        try
        {
            await Client.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = bucket, Objects = together, Quiet = true }, cancellationToken);
        }
        catch (DeleteObjectsException some)
        {
            var first = some.Response.DeleteErrors[0];
            await _locks.ThrowIfLockedAsync(bucket, first.Key, first.VersionId, cancellationToken);
            throw new TransientFailureException(
                $"{PlainText.Count(some.Response.DeleteErrors.Count, "object")} of the bucket '{bucket}' could not be deleted, such as '{S3Keys.Shown(first.Key)}': {first.Code}.");
        }
        catch (AmazonS3Exception unable) when (S3Errors.IsUnknownToServer(unable))
        {
            await DeleteObjectsAsync(bucket, together, isLate: true, cancellationToken);
        }
    }

    private async Task DeleteObjectAsync(string bucket, KeyVersion version, CancellationToken cancellationToken)
    {
        if (S3SlashedKeys.Has(version.Key))
        {
            await _slashed.DeleteAsync(bucket, version.Key, version.VersionId, cancellationToken);
            return;
        }

        try
        {
            await Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = bucket, Key = version.Key, VersionId = version.VersionId }, cancellationToken);
        }
        catch (AmazonS3Exception gone) when (gone.ErrorCode is "NoSuchKey" or "NoSuchVersion")
        {
            // Somebody else deleted it.
        }
        catch (AmazonS3Exception refused) when (refused.ErrorCode is "AccessDenied" or "InvalidRequest" or "MethodNotAllowed")
        {
            await _locks.ThrowIfLockedAsync(bucket, version.Key, version.VersionId, cancellationToken);
            throw new TransientFailureException($"The object '{S3Keys.Shown(version.Key)}' of the bucket '{bucket}' could not be deleted: {refused.ErrorCode}.", refused);
        }
    }

    private async Task AbortAsync(string bucket, MultipartUpload upload, CancellationToken cancellationToken)
    {
        if (S3SlashedKeys.Has(upload.Key))
        {
            await _slashed.AbortAsync(bucket, upload.Key, upload.UploadId, cancellationToken);
            return;
        }

        try
        {
            await Client.AbortMultipartUploadAsync(bucket, upload.Key, upload.UploadId, cancellationToken);
        }
        catch (AmazonS3Exception gone) when (gone.ErrorCode == S3Errors.NoSuchUpload)
        {
            // It has ended meanwhile.
        }
    }
}
