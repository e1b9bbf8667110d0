using Bibind.Durable.Client;
using Bibind.Durable.Execution;
using Bibind.Durable.Hubs.InMemory;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests;

public sealed class HistoryReplayTests
{
    [Fact]
    public async Task Unchanged_code_replays_a_recorded_history() =>
        HistoryReplay.Verify(new Order(steps: 2), HistoryReplay.Read(await RecordAsync()));

    [Fact]
    public async Task Code_that_decides_less_is_reported()
    {
        var recorded = await RecordAsync();

        var violation = Assert.Throws<NonDeterministicOrchestrationException>(() => HistoryReplay.Verify(new Order(steps: 1), HistoryReplay.Read(recorded)));

        Assert.Contains("'Step2'", violation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_decides_more_before_the_recorded_end_is_reported()
    {
        var recorded = await RecordAsync();

        var violation = Assert.Throws<NonDeterministicOrchestrationException>(() => HistoryReplay.Verify(new Order(steps: 3), HistoryReplay.Read(recorded)));

        Assert.Contains("'Step3'", violation.Message, StringComparison.Ordinal);
    }

    private static async Task<string> RecordAsync()
    {
        await using var runtime = new TestRuntime(new InMemoryTaskHub());
        runtime.Registry.AddOrchestrator("Order", _ => new Order(steps: 2));
        runtime.Activity<int, int>("Step1", n => n).Activity<int, int>("Step2", n => n);
        runtime.StartWorker();
        var end = await runtime.RunAsync("Order", 1);
        return HistoryReplay.Write(await runtime.Client.GetHistoryAsync(end.InstanceId));
    }

    private sealed class Order(int steps) : TaskOrchestrator<int, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
        {
            for (var step = 1; step <= steps; step++)
            {
                input = await context.CallActivityAsync<int>($"Step{step}", input);
            }

            return input;
        }
    }
}
