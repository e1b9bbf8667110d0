using Bibind.Durable.History;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Testing;

namespace Bibind.Durable.Tests;

public sealed class LongTimers
{
    [Fact]
    public async Task A_timer_of_more_than_three_days_is_split_and_fires_at_its_time()
    {
        var clock = new MovableClock();
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
            clock.Move(leg < 3 ? TimeSpan.FromDays(3) : TimeSpan.FromDays(1));
        }

        Assert.Equal(7, (await runtime.EndAsync(id)).ReadOutputAs<double>(), tolerance: 0.01);
    }

    /// <summary>A clock that the test moves; waits pass as ever.</summary>
    private sealed class MovableClock : TimeProvider
    {
        private long _ticks = System.GetUtcNow().Ticks;

        public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);
    }
}
