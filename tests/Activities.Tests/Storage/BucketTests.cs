using System.Text;
using Bibind.Activities.Storage;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
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
}
