using System.Collections.Concurrent;
using System.Globalization;
using Azure.Storage.Queues;
using Bibind.Functions.Commands;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>Operators list poison queues and send messages back, at both brokers.</summary>
public sealed class PoisonCommandTests
{
    private const string Queue = "billing";

    [Theory]
    [InlineData("azure-storage")]
    [InlineData("sqs")]
    public async Task Letters_are_listed_with_their_reasons_and_those_that_are_named_sent_back(string kind)
    {
        await using var place = await Place.StartAsync(kind);
        for (var i = 0; i < 40; i++)
        {
            await place.PoisonAsync($"id-{i}", $"body {i}", $"reason {i}\nin two lines");
        }

        var (code, listed, _) = await place.RunAsync("poison");
        Assert.Equal((0, 40), (code, listed.Length));
        Assert.Contains(listed, line => line.StartsWith("id-7  billing  ", StringComparison.Ordinal) && line.Contains(kind, StringComparison.Ordinal) && line.EndsWith("5 attempts  reason 7 in two lines", StringComparison.Ordinal));

        (code, var sent, var errors) = await place.RunAsync("replay", "id-7", "id-39", "id-nowhere");
        Assert.Equal((1, 2), (code, sent.Length));
        Assert.Equal("No message 'id-nowhere' was found.", Assert.Single(errors));
        Assert.Equal(["body 39", "body 7"], await place.DrainAsync(2));

        (code, sent, _) = await place.RunAsync("replay", "--all", "--queue", Queue, "--broker", kind);
        Assert.Equal((0, 38), (code, sent.Length));
        Assert.Equal(38, (await place.DrainAsync(38)).Count);
        Assert.Equal((0, 0), ((await place.RunAsync("poison")) is var last ? (last.Code, last.Output.Length) : default));
    }

    [Fact]
    public async Task What_the_platform_moved_there_is_listed_with_what_can_be_known()
    {
        await using var place = await Place.StartAsync("azure-storage");
        // The Functions host copies the body as it is.
        var poison = new QueueClient(place.ConnectionString, PoisonQueue.NameOf(Queue));
        await poison.SendMessageAsync("not base64 at all!");
        await poison.SendMessageAsync(Convert.ToBase64String([0xff, 0xfe, 0x00]));
        await poison.SendMessageAsync(Convert.ToBase64String("""{"billing": {"id": "b-1"}}"""u8));
        await poison.SendMessageAsync(Convert.ToBase64String("""{"deadLetter": {"queue": "somebody's own"}}"""u8));

        var (code, listed, errors) = await place.RunAsync("poison");

        Assert.Equal((0, 4), (code, listed.Length));
        Assert.Empty(errors);
        Assert.Contains(listed, line => line.Contains("The platform put it here: It is not Base64", StringComparison.Ordinal));
        Assert.Contains(listed, line => line.Contains("The platform put it here: Its Base64 does not hold text in UTF-8", StringComparison.Ordinal));
        Assert.Equal(2, listed.Count(line => line.Contains("after too many attempts", StringComparison.Ordinal)));
        var today = DateTime.UtcNow.ToString("yyyy-MM-", CultureInfo.InvariantCulture);
        Assert.All(listed, line => Assert.Contains(today, line, StringComparison.Ordinal));

        (code, var sent, _) = await place.RunAsync("replay", "--all");
        Assert.Equal((0, 4), (code, sent.Length));
    }

    [Fact]
    public async Task A_message_that_cannot_be_sent_back_stays_and_one_that_cannot_be_deleted_is_in_both()
    {
        await using var place = await Place.StartAsync("azure-storage");
        await place.PoisonAsync("id-1", "body 1", "reason");
        var broken = new PoisonReplay(new Failing(place.Broker, failSend: true), Queue);

        await Assert.ThrowsAsync<InvalidOperationException>(() => broken.ReplayAsync(_ => true, _ => { }, default));
        Assert.Single((await place.RunAsync("poison")).Output);

        broken = new PoisonReplay(new Failing(place.Broker, failSend: false), Queue);
        await Assert.ThrowsAsync<InvalidOperationException>(() => broken.ReplayAsync(_ => true, _ => { }, default));
        Assert.Single((await place.RunAsync("poison")).Output);
        Assert.Equal(["body 1"], await place.DrainAsync(1));
    }

    [Fact]
    public async Task What_comes_back_to_poison_while_everything_is_sent_back_is_left_for_the_next_time()
    {
        await using var place = await Place.StartAsync("azure-storage");
        await place.PoisonAsync("id-1", "hopeless", "reason");
        var again = 0;
        var replay = new PoisonReplay(place.Broker, Queue);

        await replay.ReplayAsync(_ => true, _ => place.PoisonAsync($"again-{++again}", "hopeless", "again").Wait(), default);

        Assert.Equal(1, again);
        Assert.Contains("again-1", Assert.Single((await place.RunAsync("poison")).Output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("replay")]
    [InlineData("replay", "--all", "id-1")]
    [InlineData("replay", "--everything")]
    [InlineData("poison", "id-1")]
    [InlineData("purge")]
    public async Task What_is_not_understood_is_answered_with_the_usage_and_touches_nothing(params string[] arguments)
    {
        var errors = new StringWriter();

        var code = await HostCommands.RunAsync(PoisonCommand.Define(() => new ConfigurationBuilder().Build()), arguments, TextWriter.Null, errors, default);

        Assert.Equal(78, code);
        Assert.Contains("Usage:", errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "poison" }, "No such broker is set")]
    [InlineData(new[] { "poison", "--queue", "nowhere" }, "There is no queue 'nowhere'")]
    public async Task What_is_missing_is_named(string[] arguments, string words)
    {
        var errors = new StringWriter();

        Assert.Equal(78, await HostCommands.RunAsync(PoisonCommand.Define(() => new ConfigurationBuilder().Build()), arguments, TextWriter.Null, errors, default));

        Assert.Contains(words, errors.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A broker of one test's own.</summary>
    private sealed class Place(IQueueBroker broker, Dictionary<string, string?> settings, IAsyncDisposable server) : IAsyncDisposable
    {
        public IQueueBroker Broker => broker;

        public string? ConnectionString => settings.GetValueOrDefault("Queues:AzureStorage:ConnectionString");

        public static async Task<Place> StartAsync(string kind)
        {
            Place place;
            if (kind == SqsBroker.BrokerName)
            {
                var server = await ElasticMqServer.StartAsync();
                place = Make(server, new() { ["Queues:Sqs:QueueUrlPrefix"] = server.QueueUrlPrefix, ["Queues:Sqs:Region"] = "elasticmq", ["Queues:Sqs:AccessKeyId"] = "key", ["Queues:Sqs:SecretAccessKey"] = "secret" });
            }
            else
            {
                var server = await AzuriteServer.StartAsync();
                place = Make(server, new() { ["Queues:AzureStorage:ConnectionString"] = server.ConnectionString });
            }

            await place.Broker.Open(Queue).CreateAsync(default);
            await place.Broker.Open(PoisonQueue.NameOf(Queue)).CreateAsync(default);
            return place;
        }

        /// <summary>Puts a letter there as the host does.</summary>
        public Task PoisonAsync(string id, string body, string reason) => new PoisonQueue(broker, Queue, TimeProvider.System).AddAsync(
            new BrokerMessage(id, body, body, 5) { Receipt = string.Empty }, reason, default);

        public async Task<(int Code, string[] Output, string[] Errors)> RunAsync(params string[] arguments)
        {
            var (output, errors) = (new StringWriter(), new StringWriter());
            var code = await HostCommands.RunAsync(
                PoisonCommand.Define(() => new ConfigurationBuilder().AddInMemoryCollection(settings).Build()), arguments, output, errors, default);
            return (code, Lines(output), Lines(errors));
        }

        /// <summary>Takes what was sent back, in alphabetical order.</summary>
        public async Task<IReadOnlyList<string>> DrainAsync(int count)
        {
            var queue = broker.Open(Queue);
            var bodies = new ConcurrentBag<string>();
            await Eventually.UntilAsync(
                async () =>
                {
                    foreach (var message in await queue.ReceiveAsync(queue.LargestBatch, TimeSpan.FromMinutes(1), mayWait: false, default))
                    {
                        bodies.Add(message.Body!);
                        await queue.DeleteAsync(message, default);
                    }

                    return bodies.Count >= count;
                },
                TimeSpan.FromSeconds(30), $"{count} messages are back");
            return [.. bodies.Order(StringComparer.Ordinal)];
        }

        public ValueTask DisposeAsync()
        {
            (broker as IDisposable)?.Dispose();
            return server.DisposeAsync();
        }

        private static Place Make(IAsyncDisposable server, Dictionary<string, string?> settings)
        {
            var read = QueueSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), out _);
            return new Place(read.Storage is { } storage ? new StorageBroker(storage) : new SqsBroker(read.Sqs!), settings, server);
        }

        private static string[] Lines(StringWriter text) => text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>A broker that fails either to send or, after that, to delete.</summary>
    private sealed class Failing(IQueueBroker broker, bool failSend) : IQueueBroker
    {
        public string Name => broker.Name;

        public IBrokerQueue Open(string queue) => new FailingQueue(broker.Open(queue), failSend);
    }

    private sealed class FailingQueue(IBrokerQueue queue, bool failSend) : IBrokerQueue
    {
        public string Name => queue.Name;

        public int LargestBatch => queue.LargestBatch;

        public TimeSpan LongestPause => queue.LongestPause;

        public Task CreateAsync(CancellationToken cancellationToken) => queue.CreateAsync(cancellationToken);

        public Task<bool> ExistsAsync(CancellationToken cancellationToken) => queue.ExistsAsync(cancellationToken);

        public Task<long?> CountAsync(CancellationToken cancellationToken) => queue.CountAsync(cancellationToken);

        public Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken) =>
            queue.ReceiveAsync(most, lease, mayWait, cancellationToken);

        public Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken) => queue.HideAsync(message, time, cancellationToken);

        public Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken) =>
            failSend ? queue.DeleteAsync(message, cancellationToken) : throw new InvalidOperationException("The host died.");

        public Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken) =>
            failSend ? throw new InvalidOperationException("The queue is away.") : queue.SendAsync(body, delay, cancellationToken);

        public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) => queue.ForwardAsync(message, cancellationToken);
    }
}
