using System.Text;
using Bibind.Activities.Storage.S3;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

/// <summary>Another key of the same user, at Ceph's real gateway: hosts with the one and hosts with the other work side by side.</summary>
public sealed class S3KeyChangeTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Hosts_with_either_key_share_their_buckets_until_the_former_key_is_taken_away()
    {
        await using var world = await S3World.CreateAsync();
        var former = await world.Ceph.NewAccountAsync();
        var before = world.NewStore(account: former);
        var bucket = $"test-{Guid.NewGuid():N}";
        await before.CreateBucketAsync(bucket, None);
        var link = await before.LinkAsync(bucket, "by-former", TimeSpan.FromMinutes(15), None);

        var next = await world.Ceph.AddKeyAsync(former);
        var after = world.NewStore(account: next);
        await PutAsync(before, bucket, "by-former");
        await PutAsync(after, bucket, "by-next");
        await after.CreateBucketAsync(bucket, None);
        Assert.Equal(["by-former", "by-next"], await ListAsync(before, bucket));
        Assert.Equal(["by-former", "by-next"], await ListAsync(after, bucket));
        using var people = new HttpClient();
        Assert.True((await people.GetAsync(link)).IsSuccessStatusCode);

        await world.Ceph.RemoveKeyAsync(former);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => ListAsync(before, bucket));
        Assert.Contains("Storage__S3__AccessKey", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(former.SecretKey, refused.ToString(), StringComparison.Ordinal);
        Assert.False((await people.GetAsync(link)).IsSuccessStatusCode);
        Assert.Equal(["by-former", "by-next"], await ListAsync(after, bucket));
        await after.DeleteBucketAsync(bucket, None);
    }

    private static async Task PutAsync(S3ObjectStore store, string bucket, string key)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(key));
        await store.PutAsync(bucket, key, content, None);
    }

    private static async Task<IReadOnlyList<string>> ListAsync(S3ObjectStore store, string bucket) =>
        [.. (await store.ListAsync(bucket, string.Empty, null, 10, None)).Objects.Select(o => o.Key)];
}
