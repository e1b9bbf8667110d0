using System.Security.Cryptography;
using System.Text;
using Bibind.Activities.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

/// <summary>A real S3 server behind one that is stricter than it.</summary>
public sealed class StrictS3Tests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string[] WantDigest =
        ["delete", "lifecycle", "versioning", "tagging", "policy", "cors", "publicAccessBlock", "object-lock", "retention", "legal-hold", "acl", "encryption"];

    [Fact]
    public async Task A_server_that_insists_on_a_digest_of_documents_gets_it()
    {
        await using var world = await S3World.CreateAsync();
        var asked = new List<string>();
        await using var proxy = await HttpProxy.StartAsync(world.Ceph.Url, async request =>
        {
            if (request.Method is not ("PUT" or "POST") || WantDigest.FirstOrDefault(request.Asks) is not { } query)
            {
                return false;
            }

            lock (asked)
            {
                asked.Add(query);
            }

#pragma warning disable CA5351
            return request.Headers.ContentMD5 != Convert.ToBase64String(MD5.HashData(request.Body))
                && await RefuseAsync(request.Http, "InvalidRequest", "Missing required header for this request: Content-MD5");
#pragma warning restore CA5351
        });

        await RoundAsync(world, proxy.Url);

        Assert.Superset(new HashSet<string> { "delete", "lifecycle", "versioning", "tagging" }, asked.ToHashSet());
    }

    [Fact]
    public async Task A_server_that_does_not_know_newer_checksums_is_sent_none()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = await HttpProxy.StartAsync(world.Ceph.Url, async request =>
            (request.Headers.Keys.Any(h => h.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)
                || h.Equals("x-amz-sdk-checksum-algorithm", StringComparison.OrdinalIgnoreCase)
                || h.Equals("x-amz-trailer", StringComparison.OrdinalIgnoreCase))
                || request.Headers.ContentEncoding.ToString().Contains("aws-chunked", StringComparison.Ordinal)
                || request.Headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal))
            && await RefuseAsync(request.Http, "NotImplemented", "A header you provided implies functionality that is not implemented"));

        await RoundAsync(world, proxy.Url);
    }

    [Fact]
    public async Task A_server_that_cannot_delete_in_bulk_is_asked_one_by_one()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = await HttpProxy.StartAsync(
            world.Ceph.Url, async request => request.Method == "POST" && request.Asks("delete") && await RefuseAsync(request.Http, "NotImplemented", "No", 501));

        await RoundAsync(world, proxy.Url);
    }

    [Fact]
    public async Task A_server_that_leaves_objects_when_it_deletes_in_bulk_is_asked_one_by_one()
    {
        await using var world = await S3World.CreateAsync();
        await using var proxy = await HttpProxy.StartAsync(world.Ceph.Url, async request =>
        {
            if (request.Method != "POST" || !request.Asks("delete"))
            {
                return false;
            }

            await request.Http.Response.WriteAsync("""<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>""");
            return true;
        });

        await RoundAsync(world, proxy.Url);
    }

    private static async Task RoundAsync(S3World world, Uri url)
    {
        var store = world.NewStore(url);
        var bucket = world.NewName();
        await store.CreateBucketAsync(bucket, None);
        Assert.Contains(
            (await world.Client.GetBucketTaggingAsync(new Amazon.S3.Model.GetBucketTaggingRequest { BucketName = bucket }, None)).TagSet, t => t.Key == "managed-by");
        await store.PutAsync(bucket, "small", new MemoryStream(Encoding.UTF8.GetBytes("content")), None);
        await store.PutAsync(bucket, "small", new MemoryStream(Encoding.UTF8.GetBytes("content again")), None);
        await store.PutAsync(bucket, "large", new MemoryStream(RandomNumberGenerator.GetBytes(6 * 1024 * 1024)), None);
        await store.DeleteAsync(bucket, "small", None);
        await store.DeleteBucketAsync(bucket, None);
        Assert.False(await store.BucketExistsAsync(bucket, None));
    }

    private static async Task<bool> RefuseAsync(HttpContext http, string code, string message, int status = 400)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        await http.Response.WriteAsync($"""<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>""");
        return true;
    }
}
