using System.Text;
using Bibind.Activities.Storage;
using Bibind.Durable;
using Bibind.Testing;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

public sealed class LocalFolderStoreTests : IDisposable
{
    private const string Bucket = "bucket-1";
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = PostgresFixture.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_object_is_read_as_it_was_written()
    {
        var store = await StoreAsync();

        var bytes = await PutAsync(store, "a/b.txt", "content");

        Assert.Equal(7, bytes);
        Assert.Equal("content", await ReadAsync(store, "a/b.txt"));
        Assert.Equal(7, (await store.HeadAsync(Bucket, "a/b.txt", None))?.Bytes);
    }

    [Fact]
    public async Task Writing_again_replaces_the_object()
    {
        var store = await StoreAsync();
        await PutAsync(store, "a", "a longer content");

        await PutAsync(store, "a", "short");

        Assert.Equal("short", await ReadAsync(store, "a"));
    }

    [Fact]
    public async Task What_is_not_there_is_absent_and_deleting_it_succeeds()
    {
        var store = await StoreAsync();

        await store.DeleteAsync(Bucket, "no/such", None);
        await store.DeleteAllAsync(Bucket, "no/such/", None);
        await store.DeleteBucketAsync("no-such", None);

        Assert.Null(await store.HeadAsync(Bucket, "no/such", None));
        Assert.Null(await store.OpenReadAsync(Bucket, "no/such", None));
        Assert.Empty((await store.ListAsync("no-such", "", null, 10, None)).Objects);
    }

    [Fact]
    public async Task A_listing_comes_in_pages_in_the_order_of_keys()
    {
        var store = await StoreAsync();
        foreach (var key in new[] { "x/c", "x/a", "x/B", "y/d", "x/a-1" })
        {
            await PutAsync(store, key, key);
        }

        var first = await store.ListAsync(Bucket, "x/", null, 3, None);
        var second = await store.ListAsync(Bucket, "x/", first.Next, 3, None);

        Assert.Equal(["x/B", "x/a", "x/a-1"], first.Objects.Select(o => o.Key));
        Assert.Equal(["x/c"], second.Objects.Select(o => o.Key));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Deleting_by_prefix_leaves_what_only_begins_alike()
    {
        var store = await StoreAsync();
        await PutAsync(store, "t/1/a", "1");
        await PutAsync(store, "t/17/a", "17");

        await store.DeleteAllAsync(Bucket, "t/1/", None);

        Assert.Equal(["t/17/a"], (await store.ListAsync(Bucket, "", null, 10, None)).Objects.Select(o => o.Key));
    }

    [Fact]
    public async Task A_bucket_is_deleted_with_its_content()
    {
        var store = await StoreAsync();
        await PutAsync(store, "a/b", "content");

        await store.DeleteBucketAsync(Bucket, None);

        Assert.False(await store.BucketExistsAsync(Bucket, None));
    }

    [Fact]
    public async Task An_upload_that_fails_leaves_the_earlier_object_as_it_was()
    {
        var store = await StoreAsync();
        await PutAsync(store, "a", "before");

        await Assert.ThrowsAsync<IOException>(() => store.PutAsync(Bucket, "a", new FailingStream(), None));

        Assert.Equal("before", await ReadAsync(store, "a"));
        Assert.Single(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_upload_that_a_crash_left_is_not_listed_and_is_replaced()
    {
        var store = await StoreAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, Bucket, "a~"), "half of it, and longer than the next");

        var listed = (await store.ListAsync(Bucket, "", null, 10, None)).Objects;
        await PutAsync(store, "a", "whole");

        Assert.Empty(listed);
        Assert.Equal("whole", await ReadAsync(store, "a"));
    }

    [Fact]
    public async Task Over_its_capacity_the_store_is_full_and_keeps_nothing_of_the_object()
    {
        var store = await StoreAsync(capacity: 10);
        await PutAsync(store, "a", "12345678");

        await Assert.ThrowsAsync<StorageFullException>(() => PutAsync(store, "b", "123"));
        await PutAsync(store, "c", "12");

        Assert.Equal(["a", "c"], (await store.ListAsync(Bucket, "", null, 10, None)).Objects.Select(o => o.Key));
    }

    [Theory]
    [InlineData(28)]
    [InlineData(unchecked((int)0x80070070))]
    public void A_full_disk_is_told_from_other_errors(int code)
    {
        Assert.True(StorageFullException.IsMeantBy(new IOException("no space", code)));
        Assert.False(StorageFullException.IsMeantBy(new IOException("broken")));
    }

    [Fact]
    public async Task An_object_needs_its_bucket()
    {
        var store = await StoreAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => store.PutAsync("other-bucket", "a", Stream.Null, None));

        Assert.Equal("The bucket 'other-bucket' does not exist.", refused.Message);
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a\\b")]
    [InlineData("a~")]
    [InlineData("a\n")]
    [InlineData("")]
    public async Task A_key_cannot_lead_out_of_its_bucket(string key)
    {
        var store = await StoreAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => store.PutAsync(Bucket, key, Stream.Null, None));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("Upper")]
    [InlineData("ab")]
    [InlineData(".hidden")]
    [InlineData("a..b")]
    public async Task A_bucket_has_a_name_that_s3_would_take(string bucket)
    {
        var store = await StoreAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => store.CreateBucketAsync(bucket, None));
    }

    private static Task<long> PutAsync(LocalFolderStore store, string key, string content) =>
        store.PutAsync(Bucket, key, new MemoryStream(Encoding.UTF8.GetBytes(content)), None);

    private static async Task<string> ReadAsync(LocalFolderStore store, string key)
    {
        using var reader = new StreamReader((await store.OpenReadAsync(Bucket, key, None))!);
        return await reader.ReadToEndAsync();
    }

    private async Task<LocalFolderStore> StoreAsync(long? capacity = null)
    {
        var store = new LocalFolderStore(Options.Create(new LocalFolderOptions { Folder = _folder, CapacityBytes = capacity }));
        await store.CreateBucketAsync(Bucket, None);
        return store;
    }

    private sealed class FailingStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("the source broke");
    }
}
