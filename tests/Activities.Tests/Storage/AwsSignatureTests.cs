using System.Net;
using Bibind.Activities.Services;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Storage;

/// <summary>Signatures at a server that checks them.</summary>
public sealed class AwsSignatureTests
{
    private const string EmptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData(null, HttpStatusCode.OK)]
    [InlineData("another-secret", HttpStatusCode.Forbidden)]
    public async Task Signatures_are_what_a_server_that_checks_them_wants(string? secret, HttpStatusCode status)
    {
        var server = await SharedServers.CephS3Async();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/?max-buckets=5&marker=a%20b"));
        request.Headers.Add("x-amz-content-sha256", EmptyBody);
        AwsSignature.Sign(
            request, [], new AwsCredentials(server.Account.AccessKey, secret ?? server.Account.SecretKey), "us-east-1", "s3", DateTimeOffset.UtcNow);
        using var http = new HttpClient();
        using var answer = await http.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
    }
}
