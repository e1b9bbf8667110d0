using System.Collections.Concurrent;
using System.Diagnostics;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>What a queue function can rely on, the same at every broker.</summary>
public abstract class ConsumerTests
{
    private static readonly QueueWorld.Handler Completes = (_, _) => Task.FromResult(QueueOutcome.Complete);

    /// <summary>The broker; through a line that can be cut if one is given.</summary>
    internal abstract Task<IQueueBroker> OpenAsync(Line? line = null);

    /// <summary>Where the broker listens.</summary>
    internal abstract Task<Uri> AddressAsync();

    [Fact]
    public async Task A_message_is_handled_once_and_then_gone()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), Completes);
        const string Body = """{"text": "naïve \"quotes\" \\ and a line\n feed, <xml/> & €"}""";
        await world.SendAsync(Body);
        await world.UntilAsync(() => !world.Deliveries.IsEmpty, "the message is handled");
        await world.StopAsync();
        var message = Assert.Single(world.Deliveries);
        Assert.Equal((Body, 1), (message.Body, message.Attempt));
        Assert.Null(await world.TakeAsync(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Retry_brings_the_message_again_after_its_delay()
    {
        var clock = Stopwatch.StartNew();
        var times = new ConcurrentQueue<TimeSpan>();
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (message, _) =>
        {
            times.Enqueue(clock.Elapsed);
            return Task.FromResult(message.Attempt == 1 ? QueueOutcome.Retry(TimeSpan.FromSeconds(2), "not yet") : QueueOutcome.Complete);
        });
        await world.SendAsync("again");
        await world.UntilAsync(() => times.Count == 2, "it comes again");
        // Brokers count whole seconds.
        Assert.InRange(times.Last() - times.First(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
        Assert.Equal([1, 2], world.Deliveries.Select(d => d.Attempt));
        Assert.Contains("not yet", world.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_letter_keeps_body_reason_and_attempts()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.DeadLetter("It says \"nothing\" – to anybody.")));
        const string Body = "not JSON at all: { \"é\" \\ \n }";
        await world.SendAsync(Body);
        var letter = await world.TakePoisonAsync();
        Assert.Equal((world.Name, Body, "It says \"nothing\" – to anybody.", 1), (letter.Queue, letter.Body, letter.Reason, letter.Attempts));
        Assert.False(letter.Undecoded);
        await world.StopAsync();
        Assert.Null(await world.TakeAsync(TimeSpan.FromSeconds(1)));
        Assert.Single(world.Deliveries);
    }

    [Fact]
    public async Task Failures_are_repeated_and_the_last_one_is_the_reason_in_the_poison_queue()
    {
        await using var world = await QueueWorld.StartAsync(
            await OpenAsync(), (message, _) => throw new InvalidOperationException($"failure number {message.Attempt}"));
        await world.SendAsync("bad");
        var letter = await world.TakePoisonAsync();
        Assert.Equal("Given up after 3 attempts. InvalidOperationException: failure number 3", letter.Reason);
        Assert.Equal(("bad", 3), (letter.Body, letter.Attempts));
        Assert.Equal([1, 2, 3], world.Deliveries.Select(d => d.Attempt));
    }

    [Fact]
    public async Task Retries_end_too_with_the_reason_that_was_given()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.Retry(reason: "Still waiting.")));
        await world.SendAsync("bad");
        Assert.Equal("Given up after 3 attempts. Still waiting.", (await world.TakePoisonAsync()).Reason);
    }

    [Fact]
    public async Task A_slow_handler_keeps_its_message()
    {
        var broker = new FaultyBroker(await OpenAsync());
        var finish = new TaskCompletionSource();
        await using var world = await QueueWorld.StartAsync(
            broker,
            async (_, _) =>
            {
                await finish.Task;
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromSeconds(4) });
        await world.SendAsync("slow");
        await world.UntilAsync(() => broker.Hidden >= 4, "the lease was renewed for twice its length");
        finish.SetResult();
        await world.UntilAsync(() => broker.Deleted == 1, "the message is deleted");
        Assert.Single(world.Deliveries);
    }

    [Fact]
    public async Task A_handler_that_lost_its_message_is_told_and_does_not_delete_it()
    {
        var broker = new FaultyBroker(await OpenAsync());
        var deliveries = 0;
        var told = new TaskCompletionSource();
        var secondCame = new TaskCompletionSource();
        var secondMayEnd = new TaskCompletionSource();
        await using var world = await QueueWorld.StartAsync(
            broker,
            async (_, cancellation) =>
            {
                // Somebody else may have it before the first is told.
                if (Interlocked.Increment(ref deliveries) > 1)
                {
                    secondCame.TrySetResult();
                    await secondMayEnd.Task;
                    return QueueOutcome.Complete;
                }

                using var registration = cancellation.Register(() => told.TrySetResult());
                await told.Task;
                // As one that does not listen would; by now somebody else has the message.
                await secondCame.Task;
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromSeconds(2) });
        broker.BeforeHiding = () => told.Task.IsCompleted ? null : new IOException("The line is dead.");
        await world.SendAsync("lost");
        await secondCame.Task.WaitAsync(QueueWorld.Patience);
        await world.UntilAsync(() => world.Logs.Text.Contains("is not ours any more", StringComparison.Ordinal), "the loss is logged");
        Assert.Equal(0, broker.Deleted);
        secondMayEnd.SetResult();
        await world.UntilAsync(() => broker.Deleted == 1, "whoever has it deletes it");
        Assert.Equal([1, 2], world.Deliveries.Select(d => d.Attempt));
    }

    [Fact]
    public async Task What_takes_longer_than_the_limit_is_ended_and_comes_again()
    {
        await using var world = await QueueWorld.StartAsync(
            await OpenAsync(),
            async (message, cancellation) =>
            {
                await Task.Delay(message.Attempt == 1 ? Timeout.Infinite : 0, cancellation);
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { HandlerLimit = TimeSpan.FromSeconds(1) });
        await world.SendAsync("long");
        await world.UntilAsync(() => world.Deliveries.Count == 2, "it comes again");
        Assert.Contains("not handled within 00:00:01", world.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_more_messages_than_allowed_are_handled_at_once_and_none_is_forgotten()
    {
        var (now, most) = (0, 0);
        var allBusy = new TaskCompletionSource();
        await using var world = await QueueWorld.StartAsync(
            await OpenAsync(),
            async (_, _) =>
            {
                var running = Interlocked.Increment(ref now);
                InterlockedMax(ref most, running);
                if (running == 4)
                {
                    allBusy.TrySetResult();
                }

                await allBusy.Task.WaitAsync(QueueWorld.Patience, CancellationToken.None);
                await Task.Yield();
                Interlocked.Decrement(ref now);
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { MaxConcurrentMessages = 4 });
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => world.SendAsync($"m{i}")));
        await world.UntilAsync(() => world.Deliveries.Count == 60 && now == 0, "all are handled");
        Assert.Equal(4, most);
        Assert.Equal(60, world.Deliveries.Select(d => d.Body).Distinct().Count());
    }

    [Fact]
    public async Task Stopping_lets_handlers_finish_and_gives_the_rest_back_at_once()
    {
        var stopping = new TaskCompletionSource();
        await using var world = await QueueWorld.StartAsync(
            await OpenAsync(),
            async (message, cancellation) =>
            {
                if (message.Body == "quick")
                {
                    await stopping.Task;
                    return QueueOutcome.Complete;
                }

                await Task.Delay(Timeout.Infinite, cancellation);
                return QueueOutcome.Complete;
            },
            QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromMinutes(5), ShutdownLimit = TimeSpan.FromSeconds(1) });
        await world.SendAsync("quick");
        await world.SendAsync("endless");
        await world.UntilAsync(() => world.Deliveries.Count == 2, "both are being handled");
        var stop = world.StopAsync();
        stopping.SetResult();
        await stop;
        var left = await world.TakeAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(("endless", 2), (left?.Body, left?.Attempt));
        Assert.Null(await world.TakeAsync(TimeSpan.FromSeconds(1)));
        Assert.Contains("was given back", world.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_goes_and_comes_back_loses_nothing()
    {
        await using var line = new Line(await AddressAsync());
        var broker = await OpenAsync();
        await using var world = await QueueWorld.StartAsync(
            broker, Completes, QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromSeconds(3), MaxAttempts = 10 }, await OpenAsync(line));
        await world.SendAsync("before");
        await world.UntilAsync(() => !world.Deliveries.IsEmpty, "the first is handled");
        Assert.Null(await world.FindFaultAsync());
        line.Cut();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => world.SendAsync($"m{i}")));
        await Eventually(async () => await world.FindFaultAsync() is { } fault && fault.Contains("does not answer since", StringComparison.Ordinal), "the fault shows");
        line.Mend();
        await world.UntilAsync(() => world.Deliveries.Select(d => d.Body).Distinct().Count() == 51, "everything is handled");
        Assert.Null(await world.FindFaultAsync());
        Assert.Equal(1, Count(world.Logs.Text, $"{world.Name} at {broker.Name} does not answer"));
        Assert.Equal(1, Count(world.Logs.Text, $"{world.Name} at {broker.Name} answers again"));
    }

    [Fact]
    public async Task An_end_between_effect_and_deletion_brings_the_message_again()
    {
        var dead = true;
        var broker = new FaultyBroker(await OpenAsync());
        broker.BeforeDeletion = () => dead ? new IOException("The process died here.") : null;
        await using var world = await QueueWorld.StartAsync(broker, Completes, QueueWorld.Settings with { VisibilityTimeout = TimeSpan.FromSeconds(2) });
        await world.SendAsync("twice");
        await world.UntilAsync(() => world.Deliveries.Count == 1, "it is handled");
        await world.UntilAsync(() => world.Logs.Text.Contains("could not be told to the broker", StringComparison.Ordinal), "the deletion is given up");
        dead = false;
        await world.UntilAsync(() => broker.Deleted == 1, "the second delivery is deleted");
        Assert.Equal(["twice", "twice"], world.Deliveries.Select(d => d.Body));
    }

    [Fact]
    public async Task A_message_that_ends_the_host_again_and_again_goes_to_poison_unhandled()
    {
        var broker = await OpenAsync();
        await using var world = await QueueWorld.StartAsync(broker, Completes);
        await world.StopAsync();
        await world.SendAsync("deadly");
        var queue = broker.Open(world.Name);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var message = await world.TakeAsync(QueueWorld.Patience);
            await queue.HideAsync(message!, TimeSpan.Zero, CancellationToken.None);
        }

        await using var next = await QueueWorld.RestartAsync(world, broker, Completes);
        var letter = await next.TakePoisonAsync();
        Assert.Contains("never handled to its end", letter.Reason, StringComparison.Ordinal);
        Assert.Empty(next.Deliveries);
    }

    [Fact]
    public async Task What_would_not_fit_beside_its_reason_is_kept_by_itself()
    {
        await using var world = await QueueWorld.StartAsync(await OpenAsync(), (_, _) => Task.FromResult(QueueOutcome.DeadLetter("No.")));
        var body = LargestBody();
        await world.SendAsync(body);
        var kept = await world.TakePoisonRawAsync();
        Assert.True(kept == body || kept.Contains("deadLetter", StringComparison.Ordinal));
        await world.UntilAsync(() => world.Logs.Text.Contains("after 1 attempts: No.", StringComparison.Ordinal), "the log has the reason");
    }

    /// <summary>The largest body that the broker carries and that grows when it is quoted.</summary>
    internal abstract string LargestBody();

    protected static Task Eventually(Func<Task<bool>> condition, string what) => Testing.Eventually.UntilAsync(condition, QueueWorld.Patience, what);

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
