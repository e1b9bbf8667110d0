using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Bibind.Activities.Services;
using Bibind.Activities.Storage;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

/// <summary>A customer may store under any key that S3 allows.</summary>
public sealed class OddKeysTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly HttpClient Http = new();

    private static readonly string[] Keys =
    [
        "a\u0001b", "\u0001", "tab\tkey", "line\nkey", "return\rkey", "\u001f", "del\u007f", "a/../b", "../up", "..", ".", "a/./b", "/leading", "//", "/\u0001", "trailing/",
        "a//b", "a+b", "a b", " leading", "trailing ", "100%", "a%01b", "%2e%2e/x", "ümläut/日本語", "emoji-😀", "line\u2028separator", "\uFFFE", "\uFFFD", "a&b<c>\"'",
        "key?versions", "key#part", "&#1;", "]]>", "back\\slash", "a=b&c=d", "\u202Ertl", "zero\u200Bwidth", "http://example.com/x",
    ];

    [Fact]
    public async Task A_bucket_goes_whatever_the_keys_in_it()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        foreach (var key in Keys.Append(new string('k', 1024)))
        {
            await SendAsync(world, HttpMethod.Put, bucket, key);
        }

        var listed = new List<string>();
        for (string? next = null; ;)
        {
            var page = await world.Store.ListAsync(bucket, string.Empty, next, 5, None);
            listed.AddRange(page.Objects.Select(o => o.Key));
            if ((next = page.Next) is null)
            {
                break;
            }
        }

        Assert.Equal(Keys.Append(new string('k', 1024)).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        Assert.True(await world.Store.BucketExistsAsync(bucket, None));

        await world.Store.DeleteBucketAsync(bucket, None);

        Assert.False(await world.Store.BucketExistsAsync(bucket, None));
    }

    [Fact]
    public async Task Versions_marks_of_deletion_and_uploads_of_odd_keys_go_too()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        foreach (var key in Keys)
        {
            await SendAsync(world, HttpMethod.Put, bucket, key);
            await SendAsync(world, HttpMethod.Put, bucket, key);
            await SendAsync(world, HttpMethod.Delete, bucket, key);
            await SendAsync(world, HttpMethod.Post, bucket, key, "?uploads");
        }

        await world.Store.DeleteBucketAsync(bucket, None);

        Assert.False(await world.Store.BucketExistsAsync(bucket, None));
    }

    [Fact]
    public async Task More_than_a_page_of_keys_that_xml_cannot_carry_is_deleted()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 1010), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await PutAsync(world, bucket, $"\u0001{i:d5}"));

        await world.Store.DeleteBucketAsync(bucket, None);

        Assert.False(await world.Store.BucketExistsAsync(bucket, None));
    }

    [Theory]
    [InlineData(true, "legal hold")]
    [InlineData(false, "object lock")]
    public async Task An_object_that_is_locked_is_named_with_its_reason(bool isLegalHold, string reason)
    {
        await using var world = await S3World.CreateAsync();
        var bucket = world.NewName();
        await world.Client.PutBucketAsync(new PutBucketRequest { BucketName = bucket, ObjectLockEnabledForBucket = true }, None);
        var put = await PutAsync(world, bucket, "a\u0001contract");
        if (isLegalHold)
        {
            await HoldAsync(ObjectLockLegalHoldStatus.On);
        }
        else
        {
            await RetainAsync(DateTime.UtcNow.AddDays(1));
        }

        var kept = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Store.DeleteBucketAsync(bucket, None));

        Assert.Contains(reason, kept.Message, StringComparison.Ordinal);
        Assert.Contains("a%01contract", kept.Message, StringComparison.Ordinal);
        await (isLegalHold ? HoldAsync(ObjectLockLegalHoldStatus.Off) : ReleaseAsync());
        await world.Store.DeleteBucketAsync(bucket, None);

        Task HoldAsync(ObjectLockLegalHoldStatus status) => world.Client.PutObjectLegalHoldAsync(
            new PutObjectLegalHoldRequest { BucketName = bucket, Key = put.Key, VersionId = put.Version, LegalHold = new ObjectLockLegalHold { Status = status } }, None);

        Task RetainAsync(DateTime until) => world.Client.PutObjectRetentionAsync(
            new PutObjectRetentionRequest
            {
                BucketName = bucket,
                Key = put.Key,
                VersionId = put.Version,
                Retention = new ObjectLockRetention { Mode = ObjectLockRetentionMode.Governance, RetainUntilDate = until },
            },
            None);

        Task ReleaseAsync() => world.Client.DeleteObjectAsync(
            new DeleteObjectRequest { BucketName = bucket, Key = put.Key, VersionId = put.Version, BypassGovernanceRetention = true }, None);
    }

    [Fact]
    public async Task A_removal_that_breaks_off_leaves_the_mark_to_the_last()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        await PutAsync(world, bucket, ObjectNames.Mark);
        await PutAsync(world, bucket, "a");
        await PutAsync(world, bucket, "b\u0001");
        await using var proxy = await HttpProxy.StartAsync(world.Ceph.Url, request =>
        {
            var isOfMark = request.Target.Contains(ObjectNames.Mark, StringComparison.Ordinal) || Encoding.UTF8.GetString(request.Body).Contains(ObjectNames.Mark, StringComparison.Ordinal);
            request.Http.Response.StatusCode = 500;
            return Task.FromResult(isOfMark && request.Method != "GET");
        });

        await Assert.ThrowsAsync<TransientFailureException>(() => world.NewStore(proxy.Url).DeleteBucketAsync(bucket, None));

        var left = await world.Store.ListAsync(bucket, string.Empty, null, 10, None);
        Assert.Equal([ObjectNames.Mark], left.Objects.Select(o => o.Key));
    }

    // Not by the client of the product, which takes some keys for others.
    private static async Task SendAsync(S3World world, HttpMethod method, string bucket, string key, string query = "")
    {
        var path = string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
        using var request = new HttpRequestMessage(
            method,
            new Uri($"http://{world.Ceph.Url.Authority}/{bucket}/{path}{query}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Add("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData([])));
        AwsSignature.Sign(request, [], new AwsCredentials(world.Ceph.Account.AccessKey, world.Ceph.Account.SecretKey), "us-east-1", "s3", DateTimeOffset.UtcNow);
        using var answer = await Http.SendAsync(request, None);
        Assert.True(answer.IsSuccessStatusCode, $"{method} '{Uri.EscapeDataString(key)}': {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(None)}");
    }

    private static async Task<(string Key, string Version)> PutAsync(S3World world, string bucket, string key)
    {
        var answer = await world.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = "content", UseChunkEncoding = false }, None);
        return (key, answer.VersionId);
    }
}
