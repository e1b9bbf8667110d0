namespace Bibind.Benchmarks;

/// <summary>What the hosts cost: starting, calling, and draining queues by the self-hosted consumer.</summary>
internal static class HostsBenchmark
{
    public static async Task RunAsync(bool quick)
    {
        await ColdStart.MeasureAsync(quick);
        await QueueDrain.MeasureAsync(quick);
    }
}
