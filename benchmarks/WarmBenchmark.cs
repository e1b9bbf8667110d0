using System.Diagnostics;
using Bibind.Local;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>From order to tenant where a pool of ready clones is kept.</summary>
internal static class WarmBenchmark
{
    private const string Template = "bench_template";
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(5);

    /// <summary>On a server and a host of its own.</summary>
    public static async Task RunAsync(bool quick)
    {
        await using var postgres = await BenchServer.StartAsync();
        await OdooTemplate.BuildAsync(postgres.SuperuserConnectionString, Template, OdooVariant.Blank, new OdooTemplateOptions { LockAfter = true });
        await using var admin = NpgsqlDataSource.Create(postgres.SuperuserConnectionString);
        await using var host = await BenchHost.StartAsync(postgres, Template);
        await RunAsync(host, admin, quick);
    }

    /// <summary>On a host that is there.</summary>
    public static async Task RunAsync(BenchHost host, NpgsqlDataSource admin, bool quick)
    {
        await MeasureWarmAsync(host, admin, runs: quick ? 5 : 11);
        await MeasureWarmAtOnceAsync(host, admin, count: 50);
    }

    private static async Task MeasureWarmAsync(BenchHost host, NpgsqlDataSource admin, int runs)
    {
        await host.FillPoolAsync("blank", runs + 1);
        await host.SettleAfterOrdersAsync();
        await ProvisionBenchmark.WriteOutAsync(admin);
        var orders = new List<double>();
        var steps = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        await host.OrderAsync("bench-pool-first", "blank", ShortPause);
        for (var run = 0; run < runs; run++)
        {
            await host.SettleAsync();
            var watch = Stopwatch.StartNew();
            var job = await host.EndOfAsync(await host.AcceptAsync($"bench-pool-{run}", "blank"), ShortPause);
            orders.Add(watch.Elapsed.TotalMilliseconds);
            foreach (var step in job["steps"]!.AsArray())
            {
                var name = step!["name"]!.GetValue<string>();
                steps.TryAdd(name, []);
                steps[name].Add(step["durationMs"]!.GetValue<double>());
            }
        }

        var pool = await host.PoolAsync("blank");
        Figures.Print("provision.warm_order_to_active_p50", Figures.Median(orders), "ms", $"limit 150 ms, goal 80; {pool["hits"]} orders from the pool, {pool["misses"]} not");
        Figures.Print("provision.warm_order_to_active_max", orders.Max(), "ms");
        foreach (var (name, times) in steps.OrderByDescending(s => Figures.Median(s.Value)))
        {
            Figures.Print($"provision.warm_step.{name}", Figures.Median(times), "ms");
        }
    }

    private static async Task MeasureWarmAtOnceAsync(BenchHost host, NpgsqlDataSource admin, int count)
    {
        await host.FillPoolAsync("blank", count);
        await host.SettleAfterOrdersAsync();
        await ProvisionBenchmark.WriteOutAsync(admin);
        var before = (await host.PoolAsync("blank"))["hits"]!.GetValue<long>();
        var took = await host.OrderAtOnceAsync(Enumerable.Range(0, count).Select(i => $"bench-crowd-{i}"), "blank");
        var hits = (await host.PoolAsync("blank"))["hits"]!.GetValue<long>() - before;
        Figures.Print($"provision.{count}_orders_at_once_warm", took, "ms", $"limit 3000 ms, goal 1500; {hits} of {count} from the pool");
        await host.FillPoolAsync("blank", 0);
    }
}
