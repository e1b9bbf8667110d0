using System.Security.Cryptography;
using System.Text;
using Bibind.Activities.Storage.S3;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

public sealed class S3FaultsTests
{
    private const int Mebibyte = 1024 * 1024;
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_server_that_is_away_is_worth_another_attempt()
    {
        await using var world = await S3World.CreateAsync();
        var store = world.NewStore(new Uri($"http://127.0.0.1:{FreePorts.Next()}"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => store.CreateBucketAsync("some-bucket", None));

        Assert.Contains("cannot be reached", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_that_is_cut_off_goes_on_where_it_stopped()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = new TcpProxy(world.Ceph.Url);
        var (bucket, content) = await StoredAsync(world, 6 * Mebibyte);
        (proxy.Cuts, proxy.CutAfterBytes) = (3, Mebibyte);

        await using var read = await world.NewStore(proxy.Url).OpenReadAsync(bucket, "object", None);

        Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(read!, None));
        Assert.Equal(0, proxy.Cuts);
        Assert.True(proxy.Answered < 11 * Mebibyte, $"{proxy.Answered} bytes were sent for an object of {content.Length}");
    }

    [Fact]
    public async Task A_download_whose_server_goes_away_ends_as_a_failure_not_as_a_short_object()
    {
        await using var world = await S3World.CreateAsync();
        var proxy = new TcpProxy(world.Ceph.Url);
        var (bucket, _) = await StoredAsync(world, 6 * Mebibyte);
        await using var read = await world.NewStore(proxy.Url).OpenReadAsync(bucket, "object", None);

        await proxy.DisposeAsync();

        await Assert.ThrowsAsync<TransientFailureException>(() => SHA256.HashDataAsync(read!, None).AsTask());
    }

    [Fact]
    public async Task An_object_that_is_replaced_while_it_is_read_is_not_mixed_with_its_successor()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = new TcpProxy(world.Ceph.Url);
        var (bucket, _) = await StoredAsync(world, 6 * Mebibyte);
        (proxy.Cuts, proxy.CutAfterBytes) = (1, Mebibyte);
        await using var read = await world.NewStore(proxy.Url).OpenReadAsync(bucket, "object", None);
        await read!.ReadExactlyAsync(new byte[1024]);
        await PutAsync(world.Store, bucket, RandomNumberGenerator.GetBytes(6 * Mebibyte));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => SHA256.HashDataAsync(read, None).AsTask());

        Assert.Contains("was replaced while it was read", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_is_cut_off_leaves_neither_an_object_nor_parts()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = new TcpProxy(world.Ceph.Url) { CutRequestsAfterBytes = 4 * Mebibyte };
        var bucket = await world.NewBucketAsync();

        await Assert.ThrowsAsync<TransientFailureException>(
            () => PutAsync(world.NewStore(proxy.Url), bucket, RandomNumberGenerator.GetBytes(20 * Mebibyte)));

        await NothingIsLeftAsync(world, bucket);
    }

    [Fact]
    public async Task A_content_that_fails_in_the_middle_leaves_neither_an_object_nor_parts()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        await using var content = new FailingStream(20 * Mebibyte);

        var failed = await Assert.ThrowsAsync<IOException>(() => world.Store.PutAsync(bucket, "object", content, None));

        Assert.Equal("the source has failed", failed.Message);
        await NothingIsLeftAsync(world, bucket);
    }

    [Fact]
    public async Task A_failed_upload_leaves_the_earlier_object_as_it_was()
    {
        await using var world = await S3World.CreateAsync();
        var (bucket, content) = await StoredAsync(world, 100);
        await using var replacement = new FailingStream(20 * Mebibyte);

        await Assert.ThrowsAsync<IOException>(() => world.Store.PutAsync(bucket, "object", replacement, None));

        await using var read = await world.Store.OpenReadAsync(bucket, "object", None);
        Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(read!, None));
    }

    [Fact]
    public async Task A_refused_request_does_not_spoil_the_next_on_its_connection()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();

        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<Durable.PermanentFailureException>(
                () => world.Store.PutAsync("no-such-bucket", "object", new MemoryStream(Encoding.UTF8.GetBytes("content")), None));
            Assert.True(await world.Store.BucketExistsAsync(bucket, None));
        }
    }

    [Fact]
    public async Task Two_hundred_megabytes_pass_through_a_process_that_has_no_room_for_them()
    {
        await using var world = await S3World.CreateAsync();
        var bucket = await world.NewBucketAsync();
        var settings = new Dictionary<string, string>
        {
            ["Storage__Provider"] = "s3",
            ["Storage__S3__Endpoint"] = world.Ceph.Url.AbsoluteUri,
            ["Storage__S3__AccessKey"] = world.Ceph.Account.AccessKey,
            ["Storage__S3__SecretKey"] = world.Ceph.Account.SecretKey,
        };

        var result = await WorkerProcess.RunAsync(heapLimit: 80 * Mebibyte, settings, "store", bucket, "object", $"{200 * Mebibyte}");

        Assert.Contains("same", result.Lines);
        Assert.True(result.PeakBytes < 200 * Mebibyte, $"The process had {result.PeakBytes / Mebibyte} MiB.");
    }

    private static async Task<(string Bucket, byte[] Content)> StoredAsync(S3World world, int bytes)
    {
        var bucket = await world.NewBucketAsync();
        var content = RandomNumberGenerator.GetBytes(bytes);
        await PutAsync(world.Store, bucket, content);
        return (bucket, content);
    }

    private static async Task PutAsync(S3ObjectStore store, string bucket, byte[] content)
    {
        using var stream = new MemoryStream(content);
        await store.PutAsync(bucket, "object", stream, None);
    }

    private static async Task NothingIsLeftAsync(S3World world, string bucket)
    {
        Assert.Empty((await world.Client.ListMultipartUploadsAsync(bucket)).MultipartUploads ?? []);
        Assert.Null(await world.Store.HeadAsync(bucket, "object", None));
    }

    private sealed class FailingStream(int length) : MemoryStream(new byte[length], writable: false)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new IOException("the source has failed");
    }
}
