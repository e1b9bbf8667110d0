using System.Globalization;
using Microsoft.DurableTask;
using Npgsql;

namespace Bibind.Durable.WorkerProcess;

/// <summary>A number of steps, one after the other, with a timer and a small fan-out between.</summary>
public sealed class Steps : TaskOrchestrator<int, int>
{
    public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
    {
        var sum = 0;
        for (var step = 0; step < input; step++)
        {
            sum += await context.CallActivityAsync<int>("Step", $"{context.InstanceId}:{step.ToString(CultureInfo.InvariantCulture)}");
            if (step % 5 == 4)
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(5));
                var parallel = Enumerable.Range(0, 3).Select(n => context.CallActivityAsync<int>(
                    "Step", string.Create(CultureInfo.InvariantCulture, $"{context.InstanceId}:{step}-{n}")));
                sum += (await Task.WhenAll(parallel)).Sum();
            }
        }

        return sum;
    }
}

/// <summary>Counts how often each step was done.</summary>
public sealed class Step(NpgsqlDataSource database) : TaskActivity<string, int>
{
    public override async Task<int> RunAsync(TaskActivityContext context, string input)
    {
        await using var count = database.CreateCommand(
            "INSERT INTO effects (step) VALUES ($1) ON CONFLICT (step) DO UPDATE SET times = effects.times + 1");
        count.Parameters.AddWithValue(input);
        await count.ExecuteNonQueryAsync(context.CancellationToken);
        return 1;
    }
}
