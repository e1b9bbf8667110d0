using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage.S3;

/// <summary>Makes buckets and gives them what ours have: our tag, versions, an end for unfinished uploads, and no public.</summary>
internal sealed class S3Buckets(S3Server server, ILogger logger)
{
    private const string TagKey = "managed-by";
    private const string TagValue = "bibind";
    private const int UnfinishedDays = 7;
    private const int OverwrittenDays = 30;

    private readonly ConcurrentDictionary<string, bool> _reported = new(StringComparer.Ordinal);

    /// <summary>Creates the bucket if it is not there.</summary>
    public async Task CreateAsync(string bucket, CancellationToken cancellationToken)
    {
        try
        {
            await server.Client.PutBucketAsync(new PutBucketRequest { BucketName = bucket }, cancellationToken);
        }
        catch (AmazonS3Exception there) when (there.ErrorCode == S3Errors.BucketAlreadyOwnedByYou)
        {
            // As good as created.
        }
        catch (AmazonS3Exception taken) when (taken.ErrorCode == S3Errors.BucketAlreadyExists)
        {
            // Some servers say this of a bucket of ours, too; a foreign one does not let us look into it.
            await ExistsAsync(bucket, cancellationToken);
        }

        await ConfigureAsync(bucket, cancellationToken);
    }

    /// <summary>True if the bucket is there.</summary>
    /// <exception cref="ForeignBucketException">It is, but not ours.</exception>
    public async Task<bool> ExistsAsync(string bucket, CancellationToken cancellationToken)
    {
        try
        {
            // A listing, for the answer to a HEAD request does not say why it was refused.
            await server.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket, MaxKeys = 1, Encoding = EncodingType.Url }, cancellationToken);
            return true;
        }
        catch (AmazonS3Exception absent) when (absent.ErrorCode == S3Errors.NoSuchBucket)
        {
            return false;
        }
        catch (AmazonS3Exception refused) when (refused.ErrorCode == "AccessDenied")
        {
            throw new ForeignBucketException(bucket);
        }
    }

    // The tag is written last: a bucket that has it has everything. One with other tags was made by people, who know what it needs.
    private async Task ConfigureAsync(string bucket, CancellationToken cancellationToken)
    {
        var tags = await TagsAsync(bucket, cancellationToken);
        if (tags.Count > 0)
        {
            return;
        }

        var versioned = server.Options.Versioning && await TryAsync("versioning", bucket, () => server.Client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
            cancellationToken));
        await TryAsync("lifecycle", bucket, () => server.Client.PutLifecycleConfigurationAsync(
            new PutLifecycleConfigurationRequest { BucketName = bucket, Configuration = Lifecycle(versioned) }, cancellationToken));
        await TryAsync("public access block", bucket, () => server.Client.PutPublicAccessBlockAsync(
            new PutPublicAccessBlockRequest
            {
                BucketName = bucket,
                PublicAccessBlockConfiguration = new PublicAccessBlockConfiguration
                {
                    // Not the two for access lists: Ceph 16 then refuses every object, and we never send such lists.
                    BlockPublicPolicy = true,
                    RestrictPublicBuckets = true,
                },
            },
            cancellationToken));
        await TryAsync("tagging", bucket, () => server.Client.PutBucketTaggingAsync(
            new PutBucketTaggingRequest { BucketName = bucket, TagSet = [new Tag { Key = TagKey, Value = TagValue }] }, cancellationToken));
    }

    private async Task<List<Tag>> TagsAsync(string bucket, CancellationToken cancellationToken)
    {
        try
        {
            return (await server.Client.GetBucketTaggingAsync(new GetBucketTaggingRequest { BucketName = bucket }, cancellationToken)).TagSet ?? [];
        }
        catch (AmazonS3Exception none) when (none.ErrorCode == S3Errors.NoSuchTagSet || S3Errors.IsUnknownToServer(none))
        {
            return [];
        }
    }

    private static LifecycleConfiguration Lifecycle(bool versioned)
    {
        var everything = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = string.Empty } };
        var configuration = new LifecycleConfiguration
        {
            Rules =
            [
                new LifecycleRule
                {
                    Id = "unfinished-uploads",
                    Status = LifecycleRuleStatus.Enabled,
                    Filter = everything,
                    AbortIncompleteMultipartUpload = new LifecycleRuleAbortIncompleteMultipartUpload { DaysAfterInitiation = UnfinishedDays },
                },
            ],
        };
        if (versioned)
        {
            configuration.Rules.Add(new LifecycleRule
            {
                Id = "overwritten-versions",
                Status = LifecycleRuleStatus.Enabled,
                Filter = everything,
                NoncurrentVersionExpiration = new LifecycleRuleNoncurrentVersionExpiration { NoncurrentDays = OverwrittenDays },
            });
        }

        return configuration;
    }

    /// <summary>Asks for what not every server has; one without it is said so once.</summary>
    private async Task<bool> TryAsync(string feature, string bucket, Func<Task> request)
    {
        try
        {
            await request();
            return true;
        }
        catch (AmazonS3Exception unknown) when (S3Errors.IsUnknownToServer(unknown))
        {
            if (_reported.TryAdd(feature, true))
            {
                logger.StoreLacksFeature(server.Options.Where, feature, bucket);
            }

            return false;
        }
    }
}
