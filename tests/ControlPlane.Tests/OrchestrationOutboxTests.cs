using Bibind.ControlPlane.Outbox;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Scheduler;
using Microsoft.DurableTask.Client;

namespace Bibind.ControlPlane.Tests;

/// <summary>A row that changed and its orchestration: both or neither, although the engine does not live in the database.</summary>
public sealed class OrchestrationOutboxTests(PostgresCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_transaction_started_is_pending_after_it_commits_and_started_once_after_the_relay()
    {
        await using var world = await World.CreateAsync(cluster);
        await world.StartAsync("kept", commit: true);
        await world.StartAsync("given-up", commit: false);
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await world.Client.GetStateAsync("kept", Token))!.RuntimeStatus);
        Assert.Null(await world.Client.GetStateAsync("given-up", Token));
        Assert.Null(await world.Engine.GetStateAsync("kept", Token));

        Assert.Equal(1, await world.RelayAsync());

        var started = await world.Engine.GetStateAsync("kept", Token);
        Assert.Equal(("Any", "hello", "anna"), (started!.Name, started.ReadInputAs<string>(), started.Tags["tenant"]));
        Assert.Null(await world.Client.GetStateAsync("given-up", Token));
        Assert.Equal(0, await world.RelayAsync());
    }

    [Fact]
    public async Task A_relay_that_ends_between_delivery_and_note_leaves_a_delivery_that_changes_nothing()
    {
        await using var world = await World.CreateAsync(cluster);
        await world.StartAsync("once", commit: true);
        using var crash = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Outbox.RelayAsync(
            async (message, _) =>
            {
                await world.Client.DeliverAsync(message, Token);
                await crash.CancelAsync();
            },
            crash.Token));
        var first = await world.Engine.GetStateAsync("once", Token);
        Assert.NotNull(first);
        Assert.Single(await world.Outbox.FindStartsAsync(["once"], Token));

        Assert.Equal(1, await world.RelayAsync());

        Assert.Equal(first.ExecutionId, (await world.Engine.GetStateAsync("once", Token))!.ExecutionId);
        Assert.Empty(await world.Outbox.FindStartsAsync(["once"], Token));
    }

    [Fact]
    public async Task What_is_sent_to_an_instance_whose_start_waits_comes_after_it_and_in_order()
    {
        await using var world = await World.CreateAsync(cluster);
        await world.StartAsync("first", commit: true);
        await world.Client.RaiseEventAsync("first", "go", 1, Token);
        await world.Client.RaiseEventAsync("first", "go", 2, Token);
        await world.Client.TerminateInstanceAsync("first", "enough", Token);
        Assert.Null(await world.Engine.GetStateAsync("first", Token));

        Assert.Equal(4, await world.RelayAsync());
        await world.Client.RaiseEventAsync("first", "go", 3, Token);

        var inbox = (await world.Hub.LeaseAsync(new LeaseRequest("me", 1, 0, TimeSpan.FromMinutes(1), []), Token)).Instances[0].Messages;
        Assert.Equal(["1", "2", "3"], inbox.Select(m => m.Event).OfType<EventRaisedEvent>().Select(e => e.Input));
        Assert.Equal("enough", Assert.Single(inbox.Select(m => m.Event).OfType<ExecutionTerminatedEvent>()).Input!.Trim('"'));
    }

    [Fact]
    public async Task A_message_that_is_refused_waits_with_those_behind_it_and_holds_up_no_other_instance()
    {
        await using var world = await World.CreateAsync(cluster);
        await world.StartAsync("refused", commit: true);
        await world.Client.RaiseEventAsync("refused", "go", 1, Token);
        await world.StartAsync("fine", commit: true);
        var offered = new List<string>();

        var delivered = await world.Outbox.RelayAsync(
            async (message, _) =>
            {
                lock (offered)
                {
                    offered.Add($"{message.InstanceId}:{message.Kind}");
                }

                await Task.Yield();
                if (message.InstanceId == "refused")
                {
                    throw new InvalidOperationException("not now");
                }
            },
            Token);

        Assert.Equal(1, delivered);
        Assert.Equal(["fine:Start", "refused:Start"], offered.Order(StringComparer.Ordinal));
        Assert.Equal(0, await world.RelayAsync());
        Assert.Equal("not now", await world.Plane.ScalarAsync<string>("select last_error from control.orchestration_outbox where kind = 0"));
        await world.Plane.ScalarAsync<int>("update control.orchestration_outbox set next_attempt = now() - interval '1 minute'");
        Assert.Equal(2, await world.RelayAsync());
    }

    [Fact]
    public async Task An_id_that_waits_already_is_refused_and_the_transaction_goes_on()
    {
        await using var world = await World.CreateAsync(cluster);
        await world.StartAsync("taken", commit: true);

        await world.Plane.InTransactionAsync(async (_, transaction) =>
        {
            await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => world.Client.ScheduleNewOrchestrationInstanceAsync(
                "Any", "again", new HubStartOptions { InstanceId = "taken", Transaction = transaction }, Token));
            return await world.Client.ScheduleNewOrchestrationInstanceAsync(
                "Any", "other", new HubStartOptions { InstanceId = "other", Transaction = transaction }, Token);
        });

        Assert.Equal(2, await world.RelayAsync());
        Assert.Equal("hello", (await world.Engine.GetStateAsync("taken", Token))!.ReadInputAs<string>());
    }

    [Fact]
    public async Task A_commit_wakes_the_relay_that_waits()
    {
        await using var world = await World.CreateAsync(cluster);
        // The first wait only begins to listen.
        await world.Outbox.WaitAsync(TimeSpan.Zero, Token);
        var waiting = world.Outbox.WaitAsync(TimeSpan.FromMinutes(5), Token);

        await world.StartAsync("any", commit: true);

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    private sealed class World : IAsyncDisposable
    {
        public required TestPlane Plane { get; init; }
        public required InMemoryTaskHub Hub { get; init; }
        public required TaskHubClient Engine { get; init; }
        public required IOrchestrationOutbox Outbox { get; init; }
        public required OutboxClient Client { get; init; }

        public static async Task<World> CreateAsync(PostgresCluster cluster)
        {
            var plane = await cluster.NewPlaneAsync();
            var hub = new InMemoryTaskHub();
            var engine = new TaskHubClient(hub);
            var outbox = plane.Get<IOrchestrationOutbox>();
            Assert.IsType<OrchestrationOutbox>(outbox);
            return new World { Plane = plane, Hub = hub, Engine = engine, Outbox = outbox, Client = new OutboxClient(engine, outbox, TimeProvider.System) };
        }

        public Task<int> RelayAsync() => Outbox.RelayAsync(Client.DeliverAsync, Token);

        public async Task StartAsync(string id, bool commit)
        {
            await using var connection = await Plane.Database.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await Client.ScheduleNewOrchestrationInstanceAsync(
                "Any",
                "hello",
                new HubStartOptions { InstanceId = id, Transaction = transaction, Tags = new Dictionary<string, string> { ["tenant"] = "anna" } },
                Token);
            if (commit)
            {
                await transaction.CommitAsync(Token);
            }
        }

        public ValueTask DisposeAsync() => Plane.DisposeAsync();
    }
}
