using System.Text;
using Bibind.Activities.Storage;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

public sealed class BucketTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_bucket_is_created_and_deleted_as_often_as_asked()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();

        await world.RunAsync<CreateBucket>(place);
        await world.RunAsync<CreateBucket>(place);
        Assert.True(await world.Store.BucketExistsAsync(place.Bucket, None));

        await world.RunAsync<DeleteBucket>(place);
        await world.RunAsync<DeleteBucket>(place);
        Assert.False(await world.Store.BucketExistsAsync(place.Bucket, None));
    }

    [Fact]
    public async Task A_bucket_of_somebody_else_is_refused_and_left_alone()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.Store.CreateBucketAsync(place.Bucket, None);
        await world.Store.PutAsync(place.Bucket, "theirs", new MemoryStream(Encoding.UTF8.GetBytes("precious")), None);

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CreateBucket>(place));
        await world.RunAsync<DeleteBucket>(place);

        Assert.NotNull(await world.Store.HeadAsync(place.Bucket, "theirs", None));
    }

    [Fact]
    public async Task A_bucket_of_another_tenant_is_left_alone()
    {
        await using var world = await World.CreateAsync();
        var other = World.NewPlace();
        await world.RunAsync<CreateBucket>(other);

        await world.RunAsync<DeleteBucket>(World.NewPlace() with { Bucket = other.Bucket });

        Assert.True(await world.Store.BucketExistsAsync(other.Bucket, None));
    }

    [Fact]
    public async Task An_empty_bucket_that_a_crash_left_unmarked_is_deleted()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.Store.CreateBucketAsync(place.Bucket, None);

        await world.RunAsync<DeleteBucket>(place);

        Assert.False(await world.Store.BucketExistsAsync(place.Bucket, None));
    }

    [Fact]
    public async Task A_bucket_that_another_delivery_marks_at_this_moment_is_ours()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.Store.CreateBucketAsync(place.Bucket, None);
        var store = InterruptedStore.Of(world.Store, nameof(IObjectStore.ListAsync), call: 1, () => new TenantBucket(world.Store).MarkAsync(place, None));

        Assert.Equal(BucketInfo.Ours, await new TenantBucket(store).LookAsync(place, None));
    }

    [Fact]
    public async Task At_an_S3_store_a_bucket_comes_and_goes_with_everything_in_it()
    {
        await using var world = await OverS3Async();
        var place = World.NewPlace();

        await world.RunAsync<CreateBucket>(place);
        await world.RunAsync<CreateBucket>(place);
        await world.Store.PutAsync(place.Bucket, "a/b", new MemoryStream(Encoding.UTF8.GetBytes("content")), None);
        Assert.True(await world.Store.BucketExistsAsync(place.Bucket, None));
        await world.RunAsync<DeleteBucket>(place);
        await world.RunAsync<DeleteBucket>(place);

        Assert.False(await world.Store.BucketExistsAsync(place.Bucket, None));
    }

    [Fact]
    public async Task At_an_S3_store_a_bucket_of_another_account_is_refused_and_left_alone()
    {
        await using var world = await OverS3Async();
        await using var s3 = await S3World.CreateAsync();
        var place = World.NewPlace() with { Bucket = s3.NewName() };
        await s3.Other.CreateBucketAsync(place.Bucket, None);

        await Assert.ThrowsAnyAsync<PermanentFailureException>(() => world.RunAsync<CreateBucket>(place));
        await world.RunAsync<DeleteBucket>(place);

        Assert.True(await s3.Other.BucketExistsAsync(place.Bucket, None));
    }

    private static async Task<World> OverS3Async()
    {
        var ceph = await SharedServers.CephS3Async();
        return await World.CreateAsync(
            ("Storage:Provider", "s3"),
            ("Storage:S3:Endpoint", ceph.Url.AbsoluteUri),
            ("Storage:S3:AccessKey", ceph.Account.AccessKey),
            ("Storage:S3:SecretKey", ceph.Account.SecretKey));
    }
}
