using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Bibind.Activities.Services;
using Bibind.ControlPlane.Schema;
using Bibind.Functions;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Local;
using Bibind.Testing.Servers;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>
/// Drains a full queue of payments by the product's host, each applied to its tenant's subscription in a transaction on a disk that is flushed, and the same queue
/// by a function that does nothing: what broker and consumer give at most.
/// </summary>
internal static class BillingBenchmark
{
    private const int EachTenant = 5;
    private const int ParallelSends = 32;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(bool quick)
    {
        var tenants = quick ? 200 : 1000;
        await using (var azurite = await AzuriteServer.StartAsync())
        {
            var broker = new StorageBroker(new StorageQueueSettings(azurite.ConnectionString, Base64: true, TimeSpan.FromSeconds(1)));
            await MeasureAsync(broker, [$"--Queues:AzureStorage:ConnectionString={azurite.ConnectionString}", "--Queues:AzureStorage:LongestPause=00:00:00.2"], tenants);
        }

        await using var elasticMq = await ElasticMqServer.StartAsync();
        using var sqs = new SqsBroker(
            new SqsSettings(elasticMq.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)));
        await MeasureAsync(
            sqs,
            [$"--Queues:Sqs:QueueUrlPrefix={elasticMq.QueueUrlPrefix}", "--Queues:Sqs:Region=elasticmq", "--Queues:Sqs:WaitTime=00:00:01", "--Queues:Sqs:AccessKeyId=key", "--Queues:Sqs:SecretAccessKey=secret"],
            tenants);
    }

    private static async Task MeasureAsync(IQueueBroker broker, string[] settings, int tenants)
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        await using var host = FleetHost.Build(postgres, [.. settings, "--Urls=http://127.0.0.1:0", "--Queues:MaxConcurrentMessages=64"]);
        await host.Services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await FleetHost.AddServerAsync(host, postgres, tenants);
        var control = host.Services.GetRequiredService<NpgsqlDataSource>();
        await FillAsync(control, tenants);
        var billing = Declarations.Billing.Queue;
        await broker.Open(PoisonQueue.NameOf(billing)).CreateAsync(default);
        var queue = broker.Open(billing);
        await queue.CreateAsync(default);
        for (var round = 1; round <= EachTenant; round++)
        {
            await Parallel.ForAsync(1, tenants + 1, new ParallelOptions { MaxDegreeOfParallelism = ParallelSends }, async (tenant, c) => await queue.SendAsync(PaymentOf(tenant, round), TimeSpan.Zero, c));
        }

        var count = tenants * EachTenant;
        var watch = Stopwatch.StartNew();
        await host.StartAsync();
        while (await CountAsync(control) < count)
        {
            if (watch.Elapsed > Limit)
            {
                throw new TimeoutException($"{await CountAsync(control)} of {count} messages are settled after {Limit}.");
            }

            await Task.Delay(Look);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        await host.StopAsync();
        var bare = await QueueDrain.OursAsync(broker, "nothing", count);
        Figures.Print(
            $"billing.messages_{broker.Name}", count / seconds, "messages/s applied",
            Figures.Ratio(count / seconds, bare, "messages/s of a function that does nothing") + string.Create(CultureInfo.InvariantCulture, $", {tenants} subscriptions, the host's start included"));
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
