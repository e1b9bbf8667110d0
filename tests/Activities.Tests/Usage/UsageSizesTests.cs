using Bibind.Activities.Storage;
using Bibind.Activities.Tests.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Usage;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Usage;

/// <summary>How large buckets and file stores are said to be.</summary>
public sealed class UsageSizesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_is_what_is_listed_in_it_and_none_is_nothing()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var sizes = world.Get<IBucketSizes>();
        Assert.Equal(0, await sizes.MeasureAsync(place, Token));

        await world.RunAsync<CreateBucket>(place);
        var empty = await sizes.MeasureAsync(place, Token);
        await world.Store.PutAsync(place.Bucket, "a/one", new MemoryStream(new byte[1000]), Token);
        await world.Store.PutAsync(place.Bucket, "two", new MemoryStream(new byte[234]), Token);

        Assert.Equal(empty + 1234, await sizes.MeasureAsync(place, Token));
    }

    [Fact]
    public async Task Cephs_gateway_says_itself_how_much_a_bucket_holds()
    {
        var ceph = await SharedServers.CephS3Async();
        await using var world = await World.CreateAsync(
            ("Storage:Provider", "s3"), ("Storage:S3:Endpoint", ceph.Url.AbsoluteUri), ("Storage:S3:AccessKey", ceph.Account.AccessKey),
            ("Storage:S3:SecretKey", ceph.Account.SecretKey), ("Storage:S3:TenantUsers", "rgw"));
        var place = World.NewPlace();
        var sizes = world.Get<IBucketSizes>();
        Assert.IsType<RgwBucketSizes>(sizes);
        Assert.Equal(0, await sizes.MeasureAsync(place, Token));
        await world.RunAsync<CreateBucket>(place);
        await world.Store.PutAsync(place.Bucket, "thing", new MemoryStream(new byte[300_000]), Token);

        await Eventually.UntilAsync(
            async () => await sizes.MeasureAsync(place, Token) is >= 300_000 and < 310_000, TimeSpan.FromSeconds(30), "the gateway has counted the object");
        await world.RunAsync<DeleteBucket>(place);
    }

    [Fact]
    public async Task A_file_store_is_its_files_links_included_and_ours_left_out()
    {
        using var world = new StoreWorld();
        var sizes = new FileStoreSizes(world.Store);
        Assert.Equal(0, await sizes.MeasureAsync(world.Place, TimeSpan.FromSeconds(20), Token));

        var copied = await world.CopyAsync();
        StoreWorld.Write(world.InTenant(), "written", new string('x', 500));
        StoreWorld.Write(world.InTenant(), ".hidden", new string('x', 500));
        File.CreateSymbolicLink(world.InTenant("link"), world.InTemplate(OdooFiles.All[0].StoreName));

        Assert.Equal(copied.Bytes + 500, await sizes.MeasureAsync(world.Place, TimeSpan.FromSeconds(20), Token));
    }

    [Fact]
    public async Task A_file_store_that_hangs_is_given_up_and_holds_one_attempt_of_its_server()
    {
        using var world = new StoreWorld();
        using var hung = new ManualResetEventSlim();
        var store = new HangingStore(hung);
        var sizes = new FileStoreSizes(store);
        var other = World.NewPlace() with { ServerCode = "other" };

        var slow = await Assert.ThrowsAsync<TransientFailureException>(() => sizes.MeasureAsync(world.Place, TimeSpan.FromMilliseconds(50), Token));
        Assert.Contains("within", slow.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TransientFailureException>(() => sizes.MeasureAsync(world.Place, TimeSpan.FromSeconds(20), Token));
        Assert.Equal(1, store.Asked);
        await Assert.ThrowsAsync<TransientFailureException>(() => sizes.MeasureAsync(other, TimeSpan.FromMilliseconds(50), Token));

        hung.Set();
        await Eventually.UntilAsync(
            async () =>
            {
                try
                {
                    return await sizes.MeasureAsync(world.Place, TimeSpan.FromSeconds(20), Token) == 7;
                }
                catch (TransientFailureException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(20), "the store answers again");
    }
}
