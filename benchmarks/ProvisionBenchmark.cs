using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Local;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>From order to tenant, against the bare <c>CREATE DATABASE … TEMPLATE</c> of the same template in the same run.</summary>
internal static class ProvisionBenchmark
{
    private const int Rounds = 5;
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly string[] Branches = ["credentials.prepare", "database.clone", "dns.create_record", "certificates.issue", "storage.create_bucket"];
    private const string Template = "bench_template";
    private const string SmallTemplate = "bench_template_small";

    public static async Task RunAsync(bool quick)
    {
        await using var postgres = await BenchServer.StartAsync();
        await OdooTemplate.BuildAsync(postgres.SuperuserConnectionString, Template, OdooVariant.Blank, new OdooTemplateOptions { LockAfter = true });
        await OdooTemplate.BuildAsync(postgres.SuperuserConnectionString, SmallTemplate, OdooVariant.Blank, OdooTemplateOptions.Small with { LockAfter = true });
        await using var admin = NpgsqlDataSource.Create(postgres.SuperuserConnectionString);
        await using var host = await BenchHost.StartAsync(postgres, Template, SmallTemplate);

        await MeasureIdleAsync(host, quick);
        await MeasureOneByOneAsync(host, admin, runs: quick ? 5 : 11);
        await MeasureAtOnceAsync(host, admin, count: 20);
        await WarmBenchmark.RunAsync(host, admin, quick);
        await MeasureAcceptanceAsync(host, orders: quick ? 50 : 200);
    }

    private static async Task MeasureIdleAsync(BenchHost host, bool quick)
    {
        // The pool of prepared passwords is filled first; what follows is the idle host.
        await host.SettleAsync();
        var seconds = quick ? 10 : 30;
        var before = host.ProcessorTime();
        var watch = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var used = (host.ProcessorTime() - before).TotalMilliseconds / watch.Elapsed.TotalMilliseconds * 100;
        Figures.Print("provision.idle_memory", host.ResidentMegabytes(), "MB");
        Figures.Print("provision.idle_cpu", used, "% of one core");
    }

    private static async Task MeasureOneByOneAsync(BenchHost host, NpgsqlDataSource admin, int runs)
    {
        var bare = new List<double>();
        var orders = new List<double>();
        var parallel = new List<double>();
        await CloneAsync(admin, "bench_warm");
        await host.OrderAsync("bench-warm", "blank", ShortPause);
        for (var run = 0; run < runs; run++)
        {
            // Each after a rest, for what the one before has still to write.
            await host.SettleAfterOrdersAsync();
            bare.Add(await CloneAsync(admin, $"bench_one_{run}"));
            await host.SettleAsync();
            var watch = Stopwatch.StartNew();
            var job = await host.EndOfAsync(await host.AcceptAsync($"bench-one-{run}", "blank"), ShortPause);
            orders.Add(watch.Elapsed.TotalMilliseconds);
            parallel.Add(AgainstItsSteps(job));
        }

        var floor = Figures.Median(bare);
        Figures.Print("provision.bare_clone_p50", floor, "ms");
        Figures.Print("provision.order_to_active_p50", Figures.Median(orders), "ms", Figures.Ratio(Figures.Median(orders), floor, "bare clone"));
        Figures.Print("provision.order_to_active_max", orders.Max(), "ms");
        Figures.Print("provision.order_to_active_limit", (1.5 * floor) + 150, "ms", "1.5 x bare clone + 150 ms");
        Figures.Print("provision.whole_over_its_steps", Figures.Median(parallel), "x its slowest branch, besides what must follow", "limit 1.2");
    }

    // What the parallel steps cost beside the slowest of them.
    private static double AgainstItsSteps(JsonNode job)
    {
        var steps = job["steps"]!.AsArray().ToLookup(s => Branches.Contains(s!["name"]!.GetValue<string>()), s => s!["durationMs"]!.GetValue<double>());
        return (job["durationMs"]!.GetValue<double>() - steps[false].Sum()) / steps[true].Max();
    }

    private static async Task MeasureAtOnceAsync(BenchHost host, NpgsqlDataSource admin, int count)
    {
        var bare = new List<double>();
        var orders = new List<double>();
        var processor = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            await host.SettleAfterOrdersAsync();
            await WriteOutAsync(admin);
            var watch = Stopwatch.StartNew();
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = count }, async (i, _) =>
                await CloneAsync(admin, string.Create(CultureInfo.InvariantCulture, $"bench_many_{round}_{i}")));
            bare.Add(watch.Elapsed.TotalMilliseconds);
            await host.SettleAsync();
            await WriteOutAsync(admin);
            var before = host.ProcessorTime();
            orders.Add(await host.OrderAtOnceAsync(Enumerable.Range(0, count).Select(i => $"bench-many-{round}-{i}"), "blank"));
            processor.Add((host.ProcessorTime() - before).TotalMilliseconds / count);
        }

        Figures.Print(
            $"provision.{count}_orders_at_once", Figures.Median(orders), "ms", Figures.Ratio(Figures.Median(orders), Figures.Median(bare), $"{count} bare clones at once, {Rounds} rounds in turn"));
        Figures.Print($"provision.{count}_orders_at_once_host_cpu", Figures.Median(processor), "ms", "the host's processor time for each order");
    }

    private static async Task MeasureAcceptanceAsync(BenchHost host, int orders)
    {
        await host.SettleAfterOrdersAsync();
        var spaced = new List<double>();
        for (var i = 0; i < orders; i++)
        {
            var (milliseconds, job) = await AcceptAsync(host, $"bench-spaced-{i}");
            spaced.Add(milliseconds);
            await host.EndOfAsync(job, Pause);
        }

        Figures.Print("provision.webhook_accepted_p50", Figures.Median(spaced), "ms", "one order after the other");
        Figures.Print("provision.webhook_accepted_p99", Figures.Percentile(spaced, 99), "ms", "limit 50 ms");

        var flood = new List<double>();
        var jobs = new List<string>();
        for (var i = 0; i < orders; i++)
        {
            var (milliseconds, job) = await AcceptAsync(host, $"bench-flood-{i}");
            flood.Add(milliseconds);
            jobs.Add(job);
        }

        foreach (var job in jobs)
        {
            await host.EndOfAsync(job, Pause);
        }

        Figures.Print("provision.webhook_accepted_in_flood_p50", Figures.Median(flood), "ms", $"{orders} orders, none waits for the one before; control database and tenants share one PostgreSQL");
        Figures.Print("provision.webhook_accepted_in_flood_p99", Figures.Percentile(flood, 99), "ms");
    }

    private static async Task<(double Milliseconds, string Job)> AcceptAsync(BenchHost host, string code)
    {
        var watch = Stopwatch.StartNew();
        var job = await host.AcceptAsync(code, "services");
        return (watch.Elapsed.TotalMilliseconds, job);
    }

    // Whichever comes second would wait for what the first has still to write, which is a gigabyte.
    internal static async Task WriteOutAsync(NpgsqlDataSource admin)
    {
        await using var checkpoint = admin.CreateCommand("checkpoint");
        checkpoint.CommandTimeout = 0;
        await checkpoint.ExecuteNonQueryAsync();
    }

    private static async Task<double> CloneAsync(NpgsqlDataSource admin, string name)
    {
        await using var connection = await admin.OpenConnectionAsync();
        var watch = Stopwatch.StartNew();
        await using var clone = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE {Template} STRATEGY wal_log", connection) { CommandTimeout = 0 };
        await clone.ExecuteNonQueryAsync();
        return watch.Elapsed.TotalMilliseconds;
    }
}
