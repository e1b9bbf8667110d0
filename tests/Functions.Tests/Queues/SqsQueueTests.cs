using System.Net;
using Bibind.Activities.Services;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>At SQS: ElasticMQ for what is called, and Ceph's S3 server, which checks them, for signatures.</summary>
public sealed class SqsQueueTests : ConsumerTests
{
    private const string EmptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public async Task What_is_too_large_for_a_function_goes_to_poison()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.Complete));
        // ElasticMQ counts characters.
        var body = new string('é', (QueueMessage.LargestBody / 2) + 1);
        await world.SendAsync(body);
        var letter = await world.TakePoisonAsync();
        Assert.Equal("It has 65,538 bytes; a message may have 65,536 at most.", letter.Reason);
        Assert.Equal(body, letter.Body);
        Assert.Empty(world.Deliveries);
    }

    [Fact]
    public async Task What_SQS_refuses_is_told_in_its_words()
    {
        var broker = await OpenAsync();
        var refused = await Assert.ThrowsAsync<SqsException>(() => broker.Open("there-is-no-such-queue").SendAsync("x", TimeSpan.Zero, default));
        Assert.Equal("NonExistentQueue", refused.Code);
        await Assert.ThrowsAsync<MessageTooLargeException>(async () =>
        {
            var queue = broker.Open($"test-{Guid.NewGuid():N}");
            await queue.CreateAsync(default);
            await queue.SendAsync(new string('x', 300 * 1024), TimeSpan.Zero, default);
        });
    }

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

    internal override string LargestBody() => new('"', 64 * 1024);

    internal override async Task<IQueueBroker> OpenAsync(Line? line = null)
    {
        var prefix = new UriBuilder((await ElasticMqServer.GetAsync()).QueueUrlPrefix);
        prefix.Port = line?.Port ?? prefix.Port;
        return new SqsBroker(
            new SqsSettings(prefix.Uri.AbsoluteUri, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)), TimeProvider.System);
    }

    internal override async Task<Uri> AddressAsync() => new((await ElasticMqServer.GetAsync()).QueueUrlPrefix);
}
