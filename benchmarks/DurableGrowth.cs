using System.Diagnostics;
using Bibind.Durable;
using Bibind.Durable.Client;
using Microsoft.DurableTask;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>Whether what is already in the hub, or in a history, makes a running orchestration slower.</summary>
internal sealed class DurableGrowth(TaskHubClient client, NpgsqlDataSource database, Func<TaskHubClient, int, int, Task<IReadOnlyCollection<double>>> runSequencesAsync)
{
    private const int Concurrency = 50;
    private const int Rounds = 3;

    public async Task MeasureAsync(bool quick)
    {
        await MeasureHistoryAsync(activities: 2500);
        var sequences = quick ? 500 : 2000;
        var alone = await MedianAsync(sequences);
        var waiting = 10_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await WaitAsync(waiting);
        Figures.Print("durable.waiting_memory", (GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0, "MB", $"{waiting} instances waiting, each with a sleeping timer");
        var among = await MedianAsync(sequences);
        Figures.Print("durable.sequences_among_waiting", among, "ms", Figures.Ratio(among, alone, $"{sequences} sequences without"));

        var finished = quick ? 100_000 : 1_000_000;
        await FinishAsync(database, finished);
        var after = await MedianAsync(sequences);
        Figures.Print($"durable.sequences_after_{finished}_finished", after, "ms", Figures.Ratio(after, among, $"{sequences} sequences before"));
    }

    // A turn of a long history is compared with one of a short history of the same instance.
    private async Task MeasureHistoryAsync(int activities)
    {
        var id = await client.ScheduleNewOrchestrationInstanceAsync("Long", activities);
        await DurableBenchmark.EndAsync(client, id);
        var turns = (await client.GetHistoryAsync(id)).OfType<Durable.History.OrchestratorStartedEvent>().Select(l => l.Timestamp).ToArray();
        var part = turns.Length / 10;
        var first = (turns[2 * part] - turns[part]).TotalMilliseconds / part;
        var last = (turns[^1] - turns[^(part + 1)]).TotalMilliseconds / part;
        Figures.Print("durable.turn_after_10000_events", last, "ms", Figures.Ratio(last, first, "a turn after 1,000"));
    }

    private async Task WaitAsync(int count)
    {
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (_, cancellation) =>
            await client.ScheduleNewOrchestrationInstanceAsync("Wait", cancellation));
        while (await ScalarAsync(database, "select count(*) from durable.instances where name = 'Wait' and status = 6") > 0)
        {
            await Task.Delay(100);
        }
    }

    // Written as the runtime leaves them; running a million would measure something else.
    public static Task<long> FinishAsync(NpgsqlDataSource database, int count) => ScalarAsync(
        database,
        $"""
        with made as (
          insert into durable.instances (instance_id, execution_id, name, status, created_at, updated_at, completed_at, input, output)
          select 'done-' || n, 'e', 'Sequence', 1, now() - n * interval '1 second', now(), now(), n::text, n::text from generate_series(1, {count}) n
          returning instance_id),
        lines as (insert into durable.history (instance_id, turn, execution_id, events) select instance_id, 0, 'e', '[]' from made returning 1)
        select count(*) from lines
        """);

    private async Task<double> MedianAsync(int sequences)
    {
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            await runSequencesAsync(client, Concurrency, sequences);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return Figures.Median(times);
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public sealed class Wait : TaskOrchestrator<object?, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, object? input)
        {
            await context.CreateTimer(TimeSpan.FromDays(1));
            return 0;
        }
    }

    public sealed class Long : TaskOrchestrator<int, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
        {
            var sum = 0;
            for (var i = 0; i < input; i++)
            {
                sum = await context.CallActivityAsync<int>("Add", sum);
            }

            return sum;
        }
    }
}
