using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Bibind.Activities.Storage;
using Bibind.Activities.Storage.S3;
using Bibind.Durable;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

public sealed class S3ObjectStoreTests
{
    private const int Mebibyte = 1024 * 1024;
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(128 * 1024)]
    [InlineData((5 * Mebibyte) - 1)]
    [InlineData(5 * Mebibyte)]
    [InlineData((20 * Mebibyte) + 5)]
    public async Task An_object_is_read_as_it_was_written(int bytes)
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        var content = RandomNumberGenerator.GetBytes(bytes);

        var stored = await world.Store.PutAsync(bucket, "a/b.bin", new Dripping(content), None);

        Assert.Equal(bytes, stored);
        Assert.Equal(bytes, (await world.Store.HeadAsync(bucket, "a/b.bin", None))?.Bytes);
        await using var read = await world.Store.OpenReadAsync(bucket, "a/b.bin", None);
        Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(read!, None));
    }

    [Fact]
    public async Task What_is_not_there_is_absent_and_deleting_it_succeeds()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();

        await world.Store.DeleteAsync(bucket, "no/such", None);
        await world.Store.DeleteAllAsync(bucket, "no/such/", None);
        await world.Store.DeleteBucketAsync("no-such-bucket", None);

        Assert.False(await world.Store.BucketExistsAsync("no-such-bucket", None));
        Assert.Null(await world.Store.HeadAsync(bucket, "no/such", None));
        Assert.Null(await world.Store.OpenReadAsync(bucket, "no/such", None));
        Assert.Null(await world.Store.OpenReadAsync("no-such-bucket", "no/such", None));
        Assert.Empty((await world.Store.ListAsync("no-such-bucket", "", null, 10, None)).Objects);
    }

    [Fact]
    public async Task A_bucket_is_created_once_and_gets_a_tag_versions_and_an_end_for_unfinished_uploads()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        await world.Store.CreateBucketAsync(bucket, None);

        var tag = Assert.Single((await world.Client.GetBucketTaggingAsync(new GetBucketTaggingRequest { BucketName = bucket })).TagSet);
        Assert.Equal(("managed-by", "bibind"), (tag.Key, tag.Value));
        Assert.Equal(VersionStatus.Enabled, (await world.Client.GetBucketVersioningAsync(bucket)).VersioningConfig.Status);
        var rules = (await world.Client.GetLifecycleConfigurationAsync(bucket)).Configuration.Rules;
        Assert.Equal(7, rules.Single(r => r.Id == "unfinished-uploads").AbortIncompleteMultipartUpload.DaysAfterInitiation);
    }

    [Fact]
    public async Task A_bucket_that_people_have_tagged_is_left_as_it_is()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = world.NewName();
        await world.Client.PutBucketAsync(bucket);
        await world.Client.PutBucketTaggingAsync(new PutBucketTaggingRequest { BucketName = bucket, TagSet = [new Tag { Key = "team", Value = "finance" }] });

        await world.Store.CreateBucketAsync(bucket, None);

        var tag = Assert.Single((await world.Client.GetBucketTaggingAsync(new GetBucketTaggingRequest { BucketName = bucket })).TagSet);
        Assert.Equal("finance", tag.Value);
        Assert.NotEqual(VersionStatus.Enabled, (await world.Client.GetBucketVersioningAsync(bucket)).VersioningConfig?.Status);
    }

    [Fact]
    public async Task A_bucket_name_that_another_account_has_is_refused_for_good()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = world.NewName();
        await world.Other.CreateBucketAsync(bucket, None);

        var refused = await Assert.ThrowsAsync<ForeignBucketException>(() => world.Store.CreateBucketAsync(bucket, None));

        Assert.IsAssignableFrom<PermanentFailureException>(refused);
        Assert.Contains(bucket, refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ForeignBucketException>(() => world.Store.BucketExistsAsync(bucket, None));
    }

    [Fact]
    public async Task A_listing_of_more_than_a_thousand_objects_comes_in_pages_and_goes_with_its_bucket()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        var keys = Enumerable.Range(0, 1105).Select(i => $"many/{i:00000}").ToList();
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (key, _) => await PutAsync(world.Store, bucket, key, "x"));
        await PutAsync(world.Store, bucket, "other", "y");

        var all = await world.Store.ListAsync(bucket, "many/", null, 5000, None);
        var first = await world.Store.ListAsync(bucket, "many/", null, 1050, None);
        var second = await world.Store.ListAsync(bucket, "many/", first.Next, 1050, None);
        await world.Store.DeleteBucketAsync(bucket, None);

        Assert.Equal(keys, all.Objects.Select(o => o.Key));
        Assert.Null(all.Next);
        Assert.Equal(keys, first.Objects.Concat(second.Objects).Select(o => o.Key));
        Assert.Equal(1050, first.Objects.Count);
        Assert.Null(second.Next);
        Assert.False(await world.Store.BucketExistsAsync(bucket, None));
    }

    [Fact]
    public async Task A_deleted_object_is_gone_with_its_versions_marks_and_unfinished_uploads_but_not_its_neighbours()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        foreach (var key in new[] { "a", "a", "a-1", "a/b" })
        {
            await PutAsync(world.Store, bucket, key, "content");
        }

        await world.Client.DeleteObjectAsync(bucket, "a");
        await world.Client.InitiateMultipartUploadAsync(bucket, "a");

        await world.Store.DeleteAsync(bucket, "a", None);

        var versions = (await world.Client.ListVersionsAsync(bucket)).Versions;
        Assert.Equal(["a-1", "a/b"], versions.Select(v => v.Key));
        Assert.Empty((await world.Client.ListMultipartUploadsAsync(bucket)).MultipartUploads ?? []);
    }

    [Fact]
    public async Task Deleting_under_a_prefix_leaves_nothing_there_and_all_else()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        foreach (var key in new[] { "x/1", "x/1", "x/y/2", "xy/3" })
        {
            await PutAsync(world.Store, bucket, key, "content");
        }

        await world.Client.InitiateMultipartUploadAsync(bucket, "x/unfinished");

        await world.Store.DeleteAllAsync(bucket, "x/", None);

        Assert.Equal(["xy/3"], (await world.Client.ListVersionsAsync(bucket)).Versions.Select(v => v.Key));
        Assert.Empty((await world.Client.ListMultipartUploadsAsync(bucket)).MultipartUploads ?? []);
    }

    [Fact]
    public async Task A_link_downloads_the_object_and_nothing_else_until_its_time_is_over()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        await PutAsync(world.Store, bucket, "a/b", "content");
        await PutAsync(world.Store, bucket, "a/c", "secret");
        using var http = new HttpClient();

        var link = await world.Store.LinkAsync(bucket, "a/b", TimeSpan.FromMinutes(5), None);
        var over = await LinkOfThePastAsync(world, bucket);

        Assert.Equal("content", await http.GetStringAsync(link));
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(new Uri(link!.AbsoluteUri.Replace("/b?", "/c?", StringComparison.Ordinal)))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(over)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(new Uri(link.GetLeftPart(UriPartial.Path)))).StatusCode);
    }

    [Fact]
    public async Task A_link_leads_to_the_public_address_where_there_is_one()
    {
        await using var world = await S3World.CreateAsync();
        var store = world.NewStore(change: o => o.PublicEndpoint = new Uri("https://files.example.com"));

        var link = await store.LinkAsync("some-bucket", "a/b", TimeSpan.FromMinutes(5), None);

        Assert.Equal("https://files.example.com/some-bucket/a/b", link!.GetLeftPart(UriPartial.Path));
    }

    [Fact]
    public async Task A_bucket_that_does_not_exist_refuses_objects_for_good()
    {
        await using var world = await S3World.CreateAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => PutAsync(world.Store, "no-such-bucket", "a", "content"));

        Assert.Equal("The bucket 'no-such-bucket' does not exist.", refused.Message);
    }

    [Theory]
    [InlineData(null, "wrong")]
    [InlineData("wrong", null)]
    public async Task A_wrong_key_is_refused_for_good_and_names_the_settings(string? accessKey, string? secretKey)
    {
        await using var world = await S3World.CreateAsync();
        var right = (await SharedServers.CephS3Async()).Account;
        var store = world.NewStore(change: o => (o.AccessKey, o.SecretKey) = (accessKey ?? right.AccessKey, secretKey ?? right.SecretKey));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => store.CreateBucketAsync(world.NewName(), None));

        Assert.Contains("Storage__S3__SecretKey", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(right.SecretKey, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no bucket", "a")]
    [InlineData("bucket", "../a")]
    public async Task A_name_that_is_no_name_is_never_sent(string bucket, string key)
    {
        await using var world = await S3World.CreateAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => PutAsync(world.Store, bucket, key, "content"));
    }

    private static async Task<Uri?> LinkOfThePastAsync(S3World world, string bucket) =>
        new(await world.Client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = "a/b",
            Expires = DateTime.UtcNow.AddSeconds(-5),
            Protocol = Protocol.HTTP,
        }));

    private static async Task PutAsync(S3ObjectStore store, string bucket, string key, string content)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        await store.PutAsync(bucket, key, stream, None);
    }

    /// <summary>Gives its content in pieces of all sizes, as programs do.</summary>
    private sealed class Dripping(byte[] content) : MemoryStream(content, writable: false)
    {
        private int _piece = 1;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _piece = (_piece * 7 % 65521) + 1;
            return base.ReadAsync(buffer[..Math.Min(buffer.Length, _piece)], cancellationToken);
        }
    }
}
