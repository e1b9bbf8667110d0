namespace Bibind.Benchmarks;

/// <summary>What the hosts cost: queues drained by the self-hosted consumer.</summary>
internal static class HostsBenchmark
{
    public static Task RunAsync(bool quick) => QueueDrain.MeasureAsync(quick);
}
