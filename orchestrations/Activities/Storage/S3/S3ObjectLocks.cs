using Amazon.S3;
using Amazon.S3.Model;
using Bibind.Durable;

namespace Bibind.Activities.Storage.S3;

/// <summary>Says why the server keeps an object that is to be deleted.</summary>
internal sealed class S3ObjectLocks(S3Server server)
{
    /// <exception cref="PermanentFailureException">The object is locked: trying again does not help before somebody acts, or before its time.</exception>
    public async Task ThrowIfLockedAsync(string bucket, string key, string? version, CancellationToken cancellationToken)
    {
        var what = $"The object '{S3Keys.Shown(key)}' of the bucket '{bucket}' cannot be deleted";
        if (await TryAsync(() => server.Client.GetObjectLegalHoldAsync(
                new GetObjectLegalHoldRequest { BucketName = bucket, Key = key, VersionId = version }, cancellationToken)) is { LegalHold.Status: { } status }
            && status == ObjectLockLegalHoldStatus.On)
        {
            throw new PermanentFailureException($"{what}: it is under legal hold, which somebody has to end first.");
        }

        if (await TryAsync(() => server.Client.GetObjectRetentionAsync(
                new GetObjectRetentionRequest { BucketName = bucket, Key = key, VersionId = version }, cancellationToken)) is { Retention: { } retention }
            && retention.RetainUntilDate is { } until && until.ToUniversalTime() > DateTime.UtcNow)
        {
            throw new PermanentFailureException($"{what} before {until.ToUniversalTime():u}: it is locked ({retention.Mode} mode of object lock).");
        }
    }

    // Servers without locks, and objects without one, refuse the question.
    private static async Task<T?> TryAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (AmazonS3Exception)
        {
            return null;
        }
    }
}
