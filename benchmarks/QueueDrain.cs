using System.Diagnostics;
using Bibind.Activities.Services;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Benchmarks;

/// <summary>
/// Drains a full queue of messages that need no work, by the product's consumer and by bare loops that receive and delete
/// through the same client, with as many calls at once: what the broker gives at most.
/// </summary>
internal static class QueueDrain
{
    private const int Parallel = 64;
    private const int ParallelSends = 32;
    private const string Body = """{"billing": {"id": "b-1", "type": "invoice.paid", "tenant": "acme", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z", "data": {}}}""";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static async Task MeasureAsync(bool quick)
    {
        var count = quick ? 1000 : 5000;
        await using (var azurite = await AzuriteServer.StartAsync())
        {
            await MeasureAsync(
                new StorageBroker(new StorageQueueSettings(azurite.ConnectionString, Base64: true, TimeSpan.FromSeconds(1))), count);
        }

        await using var elasticMq = await ElasticMqServer.StartAsync();
        using var sqs = new SqsBroker(
            new SqsSettings(elasticMq.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)));
        await MeasureAsync(sqs, count);
    }

    private static async Task MeasureAsync(IQueueBroker broker, int count)
    {
        // Both are measured warm; the broker's own compilation would go to whoever comes first.
        await DrainAsync(broker, "warm-up", count / 5);
        await DrainBareAsync(broker, "warm-up-bare", count / 5);
        var bare = await DrainBareAsync(broker, "bare", count);
        var ours = await DrainAsync(broker, "ours", count);
        var again = await DrainBareAsync(broker, "bare-again", count);
        bare = Math.Max(bare, again);
        Figures.Print($"hosts.drain_{broker.Name}_bare", bare, "messages/s received and deleted by bare loops", $"{Parallel} calls at once");
        Figures.Print($"hosts.drain_{broker.Name}", ours, "messages/s", Figures.Ratio(ours, bare, "the bare loops' messages/s"));
    }

    /// <summary>Messages a second through the product's consumer to a function that does nothing.</summary>
    public static Task<double> OursAsync(IQueueBroker broker, string queue, int count) => DrainAsync(broker, queue, count);

    private static async Task<double> DrainAsync(IQueueBroker broker, string name, int count)
    {
        var queue = await FillAsync(broker, name, count);
        var left = count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var consumers = new QueueConsumers(
            [broker], new FunctionDeclarations([new QueueFunction("no-operation", name, typeof(IQueueFunction))], []),
            new QueueSettings { MaxConcurrentMessages = Parallel },
            (_, _, _) =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    all.SetResult();
                }

                return Task.FromResult(QueueOutcome.Complete);
            },
            new QueueGate(_ => false, _ => Task.CompletedTask, _ => Task.CompletedTask, TimeProvider.System, NullLogger<QueueGate>.Instance),
            TimeProvider.System, NullLogger<QueueConsumers>.Instance);
        var watch = Stopwatch.StartNew();
        await consumers.StartAsync(default);
        await all.Task.WaitAsync(Limit);
        // The last deletions are waited for, too.
        await consumers.StopAsync(default);
        var seconds = watch.Elapsed.TotalSeconds;
        await AssertEmptyAsync(queue);
        return count / seconds;
    }

    private static async Task<double> DrainBareAsync(IQueueBroker broker, string name, int count)
    {
        var queue = await FillAsync(broker, name, count);
        var left = count;
        var drained = 0.0;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Math.Max(1, Parallel / queue.LargestBatch)).Select(async _ =>
        {
            while (Volatile.Read(ref left) > 0)
            {
                var messages = await queue.ReceiveAsync(queue.LargestBatch, TimeSpan.FromSeconds(30), default);
                await Task.WhenAll(messages.Select(m => queue.DeleteAsync(m, default)));
                if (messages.Count > 0 && Interlocked.Add(ref left, -messages.Count) == 0)
                {
                    // The other loops may be waiting in vain by now, which is not counted.
                    drained = watch.Elapsed.TotalSeconds;
                }
            }
        })).WaitAsync(Limit);
        await AssertEmptyAsync(queue);
        return count / drained;
    }

    private static async Task<IBrokerQueue> FillAsync(IQueueBroker broker, string name, int count)
    {
        var queue = broker.Open(name);
        await queue.CreateAsync(default);
        await System.Threading.Tasks.Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = ParallelSends }, async (_, c) => await queue.SendAsync(Body, TimeSpan.Zero, c));
        return queue;
    }

    private static async Task AssertEmptyAsync(IBrokerQueue queue)
    {
        if ((await queue.ReceiveAsync(1, TimeSpan.FromSeconds(1), default)).Count > 0)
        {
            throw new InvalidOperationException($"{queue.Name} was not drained.");
        }
    }
}
