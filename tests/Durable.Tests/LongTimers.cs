using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Testing;

namespace Bibind.Durable.Tests;

public sealed class LongTimers
{
    [Fact]
    public async Task A_timer_of_more_than_three_days_is_split_and_fires_at_its_time()
    {
        var clock = new ShiftedClock();
        await using var runtime = new TestRuntime(new InMemoryTaskHub(clock));
        runtime.Orchestrator<string?, double>("Main", async (context, _) =>
        {
            var start = context.CurrentUtcDateTime;
            await context.CreateTimer(TimeSpan.FromDays(7));
            return (context.CurrentUtcDateTime - start).TotalDays;
        });
        runtime.StartWorker(time: clock);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        for (var leg = 1; leg <= 3; leg++)
        {
            await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(id)).OfType<TimerCreatedEvent>().Count() == leg);
            Assert.False((await runtime.Client.GetStateAsync(id))!.IsCompleted);
            clock.Advance(leg < 3 ? TimeSpan.FromDays(3) : TimeSpan.FromDays(1));
        }

        Assert.Equal(7, (await runtime.EndAsync(id)).ReadOutputAs<double>(), tolerance: 0.01);
    }
}
