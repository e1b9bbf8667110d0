using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Bibind.Activities.Credentials;
using Bibind.Activities.Inventory;
using Bibind.Activities.Storage;
using Bibind.Activities.Storage.S3;
using Bibind.Activities.Storage.S3.Rgw;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Plans;
using Bibind.Durable;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

/// <summary>Keys of a tenant's own, at a real object gateway of Ceph.</summary>
public sealed class TenantUserTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_tenants_keys_open_its_own_bucket_and_nothing_else()
    {
        await using var world = await CreateAsync();
        var (mine, other) = (World.NewPlace(), World.NewPlace());
        await world.RunAsync<CreateBucket>(mine);
        await world.RunAsync<CreateBucket>(other);
        using var server = await ConnectAsync(world, mine);
        var client = server.Client;

        await client.PutObjectAsync(new PutObjectRequest { BucketName = mine.Bucket, Key = "a", ContentBody = "mine", UseChunkEncoding = false });
        using (var read = await client.GetObjectAsync(mine.Bucket, "a"))
        {
            Assert.Equal(4, read.ContentLength);
        }

        await client.DeleteObjectAsync(mine.Bucket, "a");
        await RefusedAsync(() => client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = other.Bucket }));
        await RefusedAsync(() => client.PutObjectAsync(new PutObjectRequest { BucketName = other.Bucket, Key = "b", ContentBody = "x", UseChunkEncoding = false }));
        await RefusedAsync(() => client.DeleteBucketAsync(mine.Bucket));
        await RefusedAsync(() => client.PutObjectAsync(
            new PutObjectRequest { BucketName = mine.Bucket, Key = "c", ContentBody = "x", CannedACL = S3CannedACL.PublicRead, UseChunkEncoding = false }));
        await RefusedAsync(() => client.DeleteObjectAsync(mine.Bucket, ObjectNames.Mark));
        await RefusedAsync(() => client.PutObjectAsync(
            new PutObjectRequest { BucketName = mine.Bucket, Key = ObjectNames.Mark, ContentBody = "another's", UseChunkEncoding = false }));
        await RefusedAsync(() => client.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = mine.Bucket, Policy = "{}" }));
        await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => client.PutBucketAsync(new PutBucketRequest { BucketName = $"{mine.Bucket}-more" }));
        await DeleteAsync(world, mine, other);
    }

    [Fact]
    public async Task A_tenant_stores_no_more_than_its_plan_allows()
    {
        await using var world = await CreateAsync();
        var place = World.NewPlace();
        await world.RunAsync<CreateBucket>(place);
        using var server = await ConnectAsync(world, place);
        var client = server.Client;
        await client.PutObjectAsync(Object(place, "half", 512 * 1024));

        // One that is too large by itself is refused whatever the gateway has counted by then.
        var full = await Assert.ThrowsAnyAsync<AmazonS3Exception>(() => client.PutObjectAsync(Object(place, "too-much", 2 * 1024 * 1024)));

        Assert.Equal("QuotaExceeded", full.ErrorCode);
        ((MemoryPlans)world.Get<IPlanLimits>()).StorageQuota = null;
        await world.RunAsync<CreateBucket>(place);
        await Eventually.UntilAsync(() => CanPutAsync(client, place), TimeSpan.FromSeconds(30), "without a quota there is room");
        await DeleteAsync(world, place);
    }

    [Fact]
    public async Task The_quota_follows_the_plan_and_is_left_alone_where_it_fits()
    {
        await using var world = await CreateAsync();
        var place = World.NewPlace();
        await world.RunAsync<CreateBucket>(place);
        var (users, plans) = (world.Get<IStorageUsers>(), (MemoryPlans)world.Get<IPlanLimits>());

        Assert.False(await users.FollowPlanAsync(place, None));
        plans.StorageQuota = 3_000_001;
        Assert.True(await users.FollowPlanAsync(place, None));
        Assert.False(await users.FollowPlanAsync(place, None));
        Assert.Equal(2930, (await world.Get<RgwAdmin>().FindBucketAsync(place.Bucket, None))!.QuotaKibibytes);
        plans.StorageQuota = null;
        Assert.True(await users.FollowPlanAsync(place, None));
        Assert.False(await users.FollowPlanAsync(place, None));
        Assert.Null((await world.Get<RgwAdmin>().FindBucketAsync(place.Bucket, None))!.QuotaKibibytes);
        await DeleteAsync(world, place);
        await Assert.ThrowsAsync<TransientFailureException>(() => users.FollowPlanAsync(place, None));
    }

    [Fact]
    public async Task Nobody_without_keys_and_no_other_account_reads_what_a_tenant_tries_to_make_public()
    {
        await using var world = await CreateAsync();
        var place = World.NewPlace();
        await world.RunAsync<CreateBucket>(place);
        using var server = await ConnectAsync(world, place);
        var client = server.Client;
        var ceph = await SharedServers.CephS3Async();
        await client.PutObjectAsync(Object(place, "plain", 10));

        foreach (var list in new[] { S3CannedACL.PublicRead, S3CannedACL.PublicReadWrite, S3CannedACL.AuthenticatedRead })
        {
            var put = Object(place, $"canned-{list.Value}", 10);
            put.CannedACL = list;
            await RefusedAsync(() => client.PutObjectAsync(put));
            await RefusedAsync(() => client.PutObjectAclAsync(new PutObjectAclRequest { BucketName = place.Bucket, Key = "plain", ACL = list }));
            await RefusedAsync(() => client.PutBucketAclAsync(new PutBucketAclRequest { BucketName = place.Bucket, ACL = list }));
            await TryAsync(() => client.CopyObjectAsync(new CopyObjectRequest
            {
                SourceBucket = place.Bucket,
                SourceKey = "plain",
                DestinationBucket = place.Bucket,
                DestinationKey = $"copy-{list.Value}",
                CannedACL = list,
            }));
        }

        var everybody = new S3Grantee { URI = "http://acs.amazonaws.com/groups/global/AllUsers" };
        foreach (var permission in new[] { S3Permission.READ, S3Permission.FULL_CONTROL, S3Permission.READ_ACP, S3Permission.WRITE_ACP })
        {
            var put = Object(place, $"granted-{permission.Value}", 10);
            put.Grants = [new S3Grant { Grantee = everybody, Permission = permission }];
            await RefusedAsync(() => client.PutObjectAsync(put));
        }

        await TryAsync(async () =>
        {
            var upload = await client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest { BucketName = place.Bucket, Key = "in-parts", CannedACL = S3CannedACL.PublicRead });
            var part = await client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = place.Bucket,
                Key = "in-parts",
                UploadId = upload.UploadId,
                PartNumber = 1,
                InputStream = new MemoryStream(new byte[10]),
                UseChunkEncoding = false,
            });
            await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest
            {
                BucketName = place.Bucket,
                Key = "in-parts",
                UploadId = upload.UploadId,
                PartETags = [new PartETag(1, part.ETag)],
            });
        });

        using var anonymous = new HttpClient();
        using var stranger = new S3Server(Options.Create(new S3Options { Endpoint = ceph.Url, AccessKey = ceph.OtherAccount.AccessKey, SecretKey = ceph.OtherAccount.SecretKey }));
        var objects = (await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = place.Bucket })).S3Objects.Select(o => o.Key).ToList();
        Assert.Contains("plain", objects);
        foreach (var key in objects)
        {
            foreach (var what in new[] { key, $"{key}?acl" })
            {
                using var answer = await anonymous.GetAsync(new Uri(ceph.Url, $"/{place.Bucket}/{what}"));
                Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            }

            await RefusedAsync(() => stranger.Client.GetObjectAsync(place.Bucket, key));
        }

        using var listed = await anonymous.GetAsync(new Uri(ceph.Url, $"/{place.Bucket}"));
        Assert.Equal(HttpStatusCode.Forbidden, listed.StatusCode);

        // We ourselves still can, or the bucket could never be removed.
        await DeleteAsync(world, place);
        Assert.Null(await world.Get<RgwAdmin>().FindBucketAsync(place.Bucket, None));
    }

    [Fact]
    public async Task Granting_again_changes_no_key_and_revoking_again_succeeds()
    {
        await using var world = await CreateAsync();
        var place = World.NewPlace();
        await world.RunAsync<CreateBucket>(place);
        var first = world.Secrets.Values[TenantSecrets.Storage(place.TenantId)];

        // As after a crash between the user and the secret.
        world.Secrets.Values.TryRemove(TenantSecrets.Storage(place.TenantId), out _);
        await world.RunAsync<CreateBucket>(place);
        Assert.Equal(first, world.Secrets.Values[TenantSecrets.Storage(place.TenantId)]);
        Assert.Equal("present", await StateAsync(world, place));

        await DeleteAsync(world, place);
        await DeleteAsync(world, place);

        Assert.False(world.Secrets.Values.ContainsKey(TenantSecrets.Storage(place.TenantId)));
        Assert.Equal("absent", await StateAsync(world, place));
        Assert.Null(await world.Get<RgwAdmin>().FindUserAsync(place.Bucket, None));
    }

    [Fact]
    public async Task A_user_that_is_not_the_tenants_is_refused_and_left()
    {
        await using var world = await CreateAsync();
        var place = World.NewPlace();
        await world.Get<RgwAdmin>().CreateUserAsync(place.Bucket, "somebody", None);

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CreateBucket>(place));
        await DeleteAsync(world, place);

        Assert.Equal("somebody", (await world.Get<RgwAdmin>().FindUserAsync(place.Bucket, None))!.DisplayName);
        Assert.Equal("absent", await StateAsync(world, place));
        await world.Get<RgwAdmin>().DeleteUserAsync(place.Bucket, None);
    }

    [Fact]
    public async Task An_account_without_the_capabilities_is_told_which_it_needs()
    {
        await using var world = await CreateAsync(other: true);
        var place = World.NewPlace();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CreateBucket>(place));

        Assert.Contains("users=*;buckets=*", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await SharedServers.CephS3Async()).OtherAccount.SecretKey, refused.Message, StringComparison.Ordinal);
        await world.Store.DeleteBucketAsync(place.Bucket, None);
    }

    private static async Task<World> CreateAsync(bool other = false)
    {
        var ceph = await SharedServers.CephS3Async();
        var account = other ? ceph.OtherAccount : ceph.Account;
        return await World.CreateAsync(
            ("Storage:Provider", "s3"),
            ("Storage:S3:Endpoint", ceph.Url.AbsoluteUri),
            ("Storage:S3:AccessKey", account.AccessKey),
            ("Storage:S3:SecretKey", account.SecretKey),
            ("Storage:S3:TenantUsers", "rgw"));
    }

    // As the product's own client is made: it knows this server's habits.
    private static async Task<S3Server> ConnectAsync(World world, TenantDescriptor place)
    {
        var keys = StorageKeys.Parse(world.Secrets.Values[TenantSecrets.Storage(place.TenantId)]);
        return new S3Server(Options.Create(new S3Options
        {
            Endpoint = (await SharedServers.CephS3Async()).Url,
            AccessKey = keys.AccessKey,
            SecretKey = keys.SecretKey,
        }));
    }

    private static PutObjectRequest Object(TenantDescriptor place, string key, int bytes) =>
        new() { BucketName = place.Bucket, Key = key, InputStream = new MemoryStream(new byte[bytes]), UseChunkEncoding = false };

    private static async Task<bool> CanPutAsync(AmazonS3Client client, TenantDescriptor place)
    {
        try
        {
            await client.PutObjectAsync(Object(place, "enough", 2 * 1024 * 1024));
            return true;
        }
        catch (AmazonS3Exception full) when (full.ErrorCode == "QuotaExceeded")
        {
            return false;
        }
    }

    private static async Task RefusedAsync(Func<Task> request) =>
        Assert.Equal("AccessDenied", (await Assert.ThrowsAnyAsync<AmazonS3Exception>(request)).ErrorCode);

    // The gateway may take it: then it must be of no use.
    private static async Task TryAsync(Func<Task> request)
    {
        try
        {
            await request();
        }
        catch (AmazonS3Exception refused) when (refused.ErrorCode == "AccessDenied")
        {
            // So much the better.
        }
    }

    private static async Task<string> StateAsync(World world, TenantDescriptor place) =>
        Assert.Single(
            (await world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false))).Items,
            i => i.Kind == "storage-user").State;

    private static async Task DeleteAsync(World world, params TenantDescriptor[] places)
    {
        foreach (var place in places)
        {
            await world.RunAsync<DeleteBucket>(place);
        }
    }
}
