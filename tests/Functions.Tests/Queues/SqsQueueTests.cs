using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Bibind.Activities.Services;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>At SQS: ElasticMQ.</summary>
public sealed class SqsQueueTests : ConsumerTests
{
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
        await Assert.ThrowsAsync<QueueDoesNotExistException>(() => broker.Open("there-is-no-such-queue").SendAsync("x", TimeSpan.Zero, default));
        await Assert.ThrowsAsync<MessageTooLargeException>(async () =>
        {
            var queue = broker.Open($"test-{Guid.NewGuid():N}");
            await queue.CreateAsync(default);
            await queue.SendAsync(new string('x', 300 * 1024), TimeSpan.Zero, default);
        });
    }

    [Fact]
    public async Task What_the_front_of_ElasticMQ_does_not_know_fails()
    {
        var server = new Uri((await ElasticMqServer.GetAsync()).QueueUrlPrefix).GetLeftPart(UriPartial.Authority);
        using var client = new AmazonSQSClient(new BasicAWSCredentials("key", "secret"), new AmazonSQSConfig { ServiceURL = server, AuthenticationRegion = "elasticmq" });

        var unknown = await Assert.ThrowsAsync<AmazonSQSException>(() => client.ListQueuesAsync(string.Empty));
        var member = await Assert.ThrowsAsync<AmazonSQSException>(() => client.CreateQueueAsync(new CreateQueueRequest("x.fifo") { Attributes = new() { ["FifoQueue"] = "true" } }));

        Assert.Contains("ListQueues is not translated", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("CreateQueue with Attributes is not translated", member.Message, StringComparison.Ordinal);
    }

    internal override string LargestBody() => new('"', 64 * 1024);

    internal override async Task<IQueueBroker> OpenAsync(Line? line = null)
    {
        var prefix = new UriBuilder((await ElasticMqServer.GetAsync()).QueueUrlPrefix);
        prefix.Port = line?.Port ?? prefix.Port;
        return new SqsBroker(
            new SqsSettings(prefix.Uri.AbsoluteUri, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)));
    }

    internal override async Task<Uri> AddressAsync() => new((await ElasticMqServer.GetAsync()).QueueUrlPrefix);
}
