using System.Globalization;
using Azure.Storage.Queues;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>At Azure Storage: Azurite.</summary>
public sealed class StorageQueueTests : ConsumerTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task What_is_not_Base64_goes_to_poison_as_it_came()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.Complete));
        var client = new QueueClient((await AzuriteServer.GetAsync()).ConnectionString, world.Name);
        await client.SendMessageAsync("{\"plain\": \"text\"}");
        var letter = await world.TakePoisonAsync();
        Assert.Equal(("{\"plain\": \"text\"}", true), (letter.Body, letter.Undecoded));
        Assert.Contains("not Base64", letter.Reason, StringComparison.Ordinal);
        await client.SendMessageAsync(Convert.ToBase64String([0xff, 0xfe, 0xfd]));
        Assert.Contains("UTF-8", (await world.TakePoisonAsync()).Reason, StringComparison.Ordinal);
        Assert.Empty(world.Deliveries);
    }

    [Fact]
    public async Task Queues_that_somebody_deleted_are_made_again()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.DeadLetter("No.")));
        var service = new QueueServiceClient((await AzuriteServer.GetAsync()).ConnectionString);
        await service.DeleteQueueAsync(PoisonQueue.NameOf(world.Name));
        await world.SendAsync("first");
        await Eventually(async () => await service.GetQueueClient(PoisonQueue.NameOf(world.Name)).ExistsAsync(), "the poison queue is there");
        Assert.Equal("first", (await world.TakePoisonAsync()).Body);

        await service.DeleteQueueAsync(world.Name);
        await Eventually(async () => await service.GetQueueClient(world.Name).ExistsAsync(), "the queue is there");
        await world.SendAsync("second");
        Assert.Equal("second", (await world.TakePoisonAsync()).Body);
    }

    [Fact]
    public async Task Hiding_a_message_leaves_its_text_as_it_is()
    {
        var broker = await OpenAsync();
        await using var world = await QueueWorld.StartAsync(broker, (_, _) => Task.FromResult(QueueOutcome.Complete));
        await world.StopAsync();
        await world.SendAsync("{\"é\": 1}");
        var queue = broker.Open(world.Name);
        var message = await world.TakeAsync(QueueWorld.Patience);
        // As from a host that knows the body only.
        await queue.HideAsync(message! with { Raw = message.Body! }, TimeSpan.Zero, CancellationToken.None);
        Assert.Equal("{\"é\": 1}", (await world.TakeAsync(QueueWorld.Patience))?.Body);
    }

    [Fact]
    public async Task Text_as_it_is_can_be_agreed_on()
    {
        var server = await AzuriteServer.GetAsync();
        var broker = new StorageBroker(new StorageQueueSettings(server.ConnectionString, Base64: false, Pause));
        await using var world = await QueueWorld.StartAsync(broker, (_, _) => Task.FromResult(QueueOutcome.Complete));
        await new QueueClient(server.ConnectionString, world.Name).SendMessageAsync("{\"plain\": \"text\"}");
        await world.UntilAsync(() => !world.Deliveries.IsEmpty, "it is handled");
        Assert.Equal("{\"plain\": \"text\"}", world.Deliveries.First().Body);
    }

    [Fact]
    public async Task The_server_itself_may_end_and_start_again()
    {
        await using var server = await AzuriteServer.StartAsync();
        var handled = 0;
        var mayGoOn = new TaskCompletionSource();
        var broker = new StorageBroker(new StorageQueueSettings(server.ConnectionString, Base64: true, Pause));
        await using var world = await QueueWorld.StartAsync(
            broker,
            async (_, _) =>
            {
                await mayGoOn.Task;
                Interlocked.Increment(ref handled);
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromSeconds(3), MaxAttempts = 10, MaxConcurrentMessages = 4 });
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => world.SendAsync($"m{i}")));
        await world.UntilAsync(() => world.Deliveries.Count >= 4, "some are being handled");
        await server.StopAsync();
        await Eventually(async () => await world.FindFaultAsync() is not null || handled > 0 || mayGoOn.TrySetResult(), "the broker is missed");
        await server.StartAgainAsync();
        await world.UntilAsync(() => world.Deliveries.Select(d => d.Body).Distinct().Count() == 20, "everything is handled");
        var queue = broker.Open(world.Name);
        await Eventually(async () => (await queue.ReceiveAsync(1, TimeSpan.FromSeconds(1), default)).Count == 0, "the queue is empty");
    }

    internal override string LargestBody() => new('"', 47 * 1024);

    internal override async Task<IQueueBroker> OpenAsync(Line? line = null)
    {
        var connection = (await AzuriteServer.GetAsync()).ConnectionString;
        var address = await AddressAsync();
        return new StorageBroker(new StorageQueueSettings(
            line is null ? connection : connection.Replace($":{address.Port}/", string.Create(CultureInfo.InvariantCulture, $":{line.Port}/"), StringComparison.Ordinal),
            Base64: true, Pause));
    }

    internal override async Task<Uri> AddressAsync() => new QueueServiceClient((await AzuriteServer.GetAsync()).ConnectionString).Uri;
}
