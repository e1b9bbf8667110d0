using System.Diagnostics;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Benchmarks;

/// <summary>
/// Drains a full queue of messages that need no work, by the product's consumer and by the vendor's client alone: what the broker gives at most.
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
        await using (var azurite = await BenchBroker.StartAzuriteAsync())
        {
            await MeasureAsync(azurite, count);
        }

        await using var elasticMq = await BenchBroker.StartElasticMqAsync();
        await MeasureAsync(elasticMq, count);
    }

    private static async Task MeasureAsync(BenchBroker bench, int count)
    {
        // Both are measured warm; the broker's own compilation would go to whoever comes first.
        (string, int[])[] processes = [("broker", bench.Processes), ("we", [Environment.ProcessId])];
        await DrainAsync(bench.Ours, "warm-up", Body, count / 5);
        var (bare, how) = await bench.Bare.DrainAsync("bare", Body, count, processes);
        var ours = await DrainAsync(bench.Ours, "ours", Body, count);
        Figures.Print($"hosts.drain_{bench.Ours.Name}_bare", bare, "messages/s received and deleted by the vendor's client alone", how);
        Figures.Print($"hosts.drain_{bench.Ours.Name}", ours, "messages/s", Figures.Ratio(ours, bare, "the vendor's client's messages/s"));
    }

    /// <summary>Messages a second through the product's consumer to a function that does nothing.</summary>
    public static Task<double> OursAsync(IQueueBroker broker, string queue, string body, int count) => DrainAsync(broker, queue, body, count);

    private static async Task<double> DrainAsync(IQueueBroker broker, string name, string body, int count)
    {
        var queue = await FillAsync(broker, name, body, count);
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

    private static async Task<IBrokerQueue> FillAsync(IQueueBroker broker, string name, string body, int count)
    {
        var queue = broker.Open(name);
        await queue.CreateAsync(default);
        await System.Threading.Tasks.Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = ParallelSends }, async (_, c) => await queue.SendAsync(body, TimeSpan.Zero, c));
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
