using System.Runtime.ExceptionServices;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage.S3;

/// <summary>The object store at any server that speaks S3.</summary>
public sealed class S3ObjectStore : IObjectStore
{
    private const int LargestPage = 1000;
    private static readonly TimeSpan LongestLink = TimeSpan.FromDays(7);

    private readonly S3Server _server;
    private readonly S3Buckets _buckets;
    private readonly S3Deletion _deletion;
    private readonly S3Listings _listings;
    private readonly TimeProvider _time;
    private readonly ILogger<S3ObjectStore> _logger;

    /// <summary>A store at the server.</summary>
    public S3ObjectStore(S3Server server, TimeProvider time, ILogger<S3ObjectStore> logger)
    {
        (_server, _time, _logger) = (server, time, logger);
        _buckets = new S3Buckets(server, logger);
        _deletion = new S3Deletion(server);
        _listings = new S3Listings(server);
    }

    /// <inheritdoc/>
    public Task CreateBucketAsync(string bucket, CancellationToken cancellationToken) =>
        DoAsync(bucket, () => _buckets.CreateAsync(bucket, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> BucketExistsAsync(string bucket, CancellationToken cancellationToken) =>
        AskAsync(bucket, () => _buckets.ExistsAsync(bucket, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<long> PutAsync(string bucket, string key, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var upload = new S3Upload(_server, bucket, ObjectNames.Key(key), _logger);
        try
        {
            return await AskAsync(bucket, () => upload.RunAsync(content, cancellationToken), cancellationToken);
        }
        catch (ContentFailedException failed)
        {
            ExceptionDispatchInfo.Throw(failed.InnerException!);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string bucket, string key, CancellationToken cancellationToken) =>
        AskAsync<Stream?>(
            bucket,
            async () =>
            {
                try
                {
                    return await S3ReadStream.OpenAsync(_server, bucket, ObjectNames.Key(key), _time, cancellationToken);
                }
                catch (AmazonS3Exception absent) when (S3Errors.IsAbsent(absent))
                {
                    return null;
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<StoredObject?> HeadAsync(string bucket, string key, CancellationToken cancellationToken) =>
        AskAsync<StoredObject?>(
            bucket,
            async () =>
            {
                try
                {
                    var found = await _server.Client.GetObjectMetadataAsync(bucket, ObjectNames.Key(key), cancellationToken);
                    return new StoredObject(key, found.ContentLength, Utc(found.LastModified));
                }
                catch (AmazonS3Exception absent) when (S3Errors.IsAbsent(absent))
                {
                    return null;
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectPage> ListAsync(string bucket, string prefix, string? start, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return AskAsync(bucket, () => ListPagesAsync(bucket, ObjectNames.Prefix(prefix), start, limit, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Uri?> LinkAsync(string bucket, string key, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, LongestLink);
        return AskAsync<Uri?>(
            bucket,
            async () => new Uri(await _server.Links.GetPreSignedURLAsync(new GetPreSignedUrlRequest
            {
                BucketName = ObjectNames.Bucket(bucket),
                Key = ObjectNames.Key(key),
                Verb = HttpVerb.GET,
                Expires = _time.GetUtcNow().UtcDateTime + lifetime,
                Protocol = _server.LinksEndpoint?.Scheme == Uri.UriSchemeHttp ? Protocol.HTTP : Protocol.HTTPS,
            })),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string bucket, string key, CancellationToken cancellationToken) =>
        DoAsync(bucket, () => _deletion.DeleteAsync(bucket, ObjectNames.Key(key), onlyThisKey: true, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAllAsync(string bucket, string prefix, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return DoAsync(bucket, () => _deletion.DeleteAsync(bucket, ObjectNames.Prefix(prefix), onlyThisKey: false, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken) =>
        DoAsync(bucket, () => _deletion.DeleteBucketAsync(bucket, cancellationToken), cancellationToken);

    private async Task<ObjectPage> ListPagesAsync(string bucket, string prefix, string? start, int limit, CancellationToken cancellationToken)
    {
        List<StoredObject> found = [];
        var (after, hasMore) = (start, true);
        while (hasMore && found.Count < limit)
        {
            IReadOnlyList<S3Object> objects;
            try
            {
                (objects, hasMore) = await _listings.PageAsync(bucket, prefix, after, Math.Min(LargestPage, limit - found.Count), cancellationToken);
            }
            catch (AmazonS3Exception absent) when (absent.ErrorCode == S3Errors.NoSuchBucket)
            {
                return new ObjectPage(found, null);
            }

            found.AddRange(objects.Select(o => new StoredObject(o.Key, o.Size ?? 0, Utc(o.LastModified))));
            after = objects.Count == 0 ? after : objects[^1].Key;
        }

        return new ObjectPage(found, hasMore ? after : null);
    }

    private Task<T> AskAsync<T>(string bucket, Func<Task<T>> request, CancellationToken cancellationToken)
    {
        ObjectNames.Bucket(bucket);
        return S3Errors.TranslateErrorsAsync(_server.Options, bucket, request, cancellationToken);
    }

    private Task<bool> DoAsync(string bucket, Func<Task> request, CancellationToken cancellationToken) =>
        AskAsync(
            bucket,
            async () =>
            {
                await request();
                return true;
            },
            cancellationToken);

    private static DateTimeOffset Utc(DateTime? time) => time is { } given ? new DateTimeOffset(given.ToUniversalTime()) : default;
}
