using System.Diagnostics;
using System.Text.Json;
using Bibind.ControlPlane.Schema;
using Bibind.Functions;
using Bibind.Functions.Queues;
using Bibind.Local;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>
/// Drains a full queue of payments by the product's host, each applied to its tenant's subscription in a transaction on a disk that is flushed; as many messages
/// by the vendor's client alone, which is what the broker gives at most; and by a function that does nothing, which is what the consumer costs.
/// </summary>
internal static class BillingBenchmark
{
    private const int EachTenant = 5;
    private const int ParallelSends = 32;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(bool quick)
    {
        // Azurite becomes slow as its queue fills: with more messages that alone would be measured.
        await using (var azurite = await BenchBroker.StartAzuriteAsync())
        {
            await MeasureAsync(azurite, quick ? 100 : 200);
        }

        await using var elasticMq = await BenchBroker.StartElasticMqAsync();
        await MeasureAsync(elasticMq, quick ? 200 : 1000);
    }

    private static async Task MeasureAsync(BenchBroker bench, int tenants)
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        (string, int[])[] processes = [("broker", bench.Processes), ("host", [Environment.ProcessId]), ("database", [postgres.ProcessId])];
        var count = tenants * EachTenant;
        var (name, message) = (bench.Ours.Name, PaymentOf(1, 1));
        var (bare, how) = await bench.Bare.DrainAsync("bare", message, count, processes);
        Figures.Print($"billing.bare_{name}", bare, "messages/s received and deleted by the vendor's client alone", how);
        var (applied, used) = await ApplyAsync(bench, postgres, tenants, processes);
        Figures.Print($"billing.messages_{name}", applied, "messages/s applied", Figures.Ratio(applied, bare, "bare") + $"; {tenants} subscriptions; {used}");
        var nothing = await QueueDrain.OursAsync(bench.Ours, "nothing", message, count);
        Figures.Print($"billing.nothing_{name}", nothing, "messages/s to a function that does nothing", Figures.Ratio(nothing, bare, "bare"));
    }

    private static async Task<(double Rate, string Used)> ApplyAsync(BenchBroker bench, EmbeddedPostgres postgres, int tenants, (string, int[])[] processes)
    {
        await using var host = FleetHost.Build(postgres, [.. bench.Settings, "--Urls=http://127.0.0.1:0"]);
        await host.Services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await FleetHost.AddServerAsync(host, postgres, tenants);
        var control = host.Services.GetRequiredService<NpgsqlDataSource>();
        await FillAsync(control, tenants);
        var billing = Declarations.Billing.Queue;
        await bench.Ours.Open(PoisonQueue.NameOf(billing)).CreateAsync(default);
        var queue = bench.Ours.Open(billing);
        await queue.CreateAsync(default);
        for (var round = 1; round <= EachTenant; round++)
        {
            await Parallel.ForAsync(1, tenants + 1, new ParallelOptions { MaxDegreeOfParallelism = ParallelSends }, async (tenant, c) => await queue.SendAsync(PaymentOf(tenant, round), TimeSpan.Zero, c));
        }

        var count = tenants * EachTenant;
        var limit = Stopwatch.StartNew();
        await host.StartAsync();

        // From the first tenth on: the host's start and its first compilations are no part of a rate.
        var first = await AppliedAsync(control, count / 10, limit);
        var before = new ProcessorTime(processes);
        var watch = Stopwatch.StartNew();
        await AppliedAsync(control, count, limit);
        var seconds = watch.Elapsed.TotalSeconds;
        var used = before.Describe(seconds, count - first);
        await host.StopAsync();
        return ((count - first) / seconds, used);
    }

    private static async Task<long> AppliedAsync(NpgsqlDataSource control, long count, Stopwatch limit)
    {
        while (true)
        {
            if (await CountAsync(control) is var applied && applied >= count)
            {
                return applied;
            }

            if (limit.Elapsed > Limit)
            {
                throw new TimeoutException($"{applied} of {count} messages are settled after {Limit}.");
            }

            await Task.Delay(Look);
        }
    }

    private static string PaymentOf(int tenant, int round) => JsonSerializer.Serialize(new
    {
        billing = new
        {
            id = $"p-{tenant}-{round}",
            type = "invoice.paid",
            tenant = $"tenant-{tenant}",
            sequence = round,
            occurredAt = DateTimeOffset.UtcNow,
            data = new { invoice = $"i-{tenant}-{round}" },
        },
    });

    private static async Task<long> CountAsync(NpgsqlDataSource control)
    {
        await using var connection = await control.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select count(*) from control.billing_inbox where state in ('done', 'passed')");
    }

    private static async Task FillAsync(NpgsqlDataSource control, int tenants)
    {
        await using var connection = await control.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at)
            select 'tenant-' || i, 'Tenant', 'odoo-shared', 'starter', 'blank', 'blank', (select min(id) from control.servers), 'tenant-' || i, 'tenant-' || i || '.bench.localhost',
                   'http://t', 'tenant-' || i, 'en_US', 'UTC', 'EUR', 'active', 'bench', now()
            from generate_series(1, @tenants) i;
            insert into control.subscriptions (tenant_id, tenant, plan, period, started_at, anchor_day, paid_until, state, created_at, updated_at)
            select id, code, plan, 'monthly', now(), 15, now() + interval '1 month', 'active', now(), now() from control.tenants;
            analyze
            """,
            new { tenants });
    }
}
