using Bibind.Durable.Worker;

namespace Bibind.Durable.Tests;

public sealed class ActivitySlotsTests
{
    [Fact]
    public async Task What_owners_have_running_can_be_read_while_it_changes()
    {
        var slots = new ActivitySlots(new TaskHubWorkerOptions(), new WakeUp());
        using var ends = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var changing = Enumerable.Range(0, 2).Select(n => Task.Run(() =>
        {
            for (var i = 0; !ends.IsCancellationRequested; i++)
            {
                slots.Count($"owner-{n}-{i % 50}", 1);
                slots.Count($"owner-{n}-{(i + 7) % 50}", 1);
                slots.Count($"owner-{n}-{i % 50}", -1);
                slots.Count($"owner-{n}-{(i + 7) % 50}", -1);
            }
        })).ToArray();
        var reads = 0;

        while (!ends.IsCancellationRequested)
        {
            Assert.All(slots.RunningByOwner.ToArray(), running => Assert.True(running.Value >= 0));
            reads++;
        }

        await Task.WhenAll(changing);
        Assert.True(reads > 0);
        Assert.Empty(slots.RunningByOwner);
    }
}
