using System.Diagnostics;
using System.Globalization;
using Bibind.Local;
using Dapper;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>How long pages of the console take, from the request to the last byte, in an installation with 10,000 tenants and a million jobs.</summary>
internal static class ConsoleBenchmark
{
    private const string Template = "console_template";

    private static readonly (string Name, string Path)[] Pages =
    [
        ("overview", "/console"),
        ("tenants", "/console/tenants"),
        ("tenants.active", "/console/tenants?state=active"),
        ("tenants.last", "/console/tenants?page=200"),
        ("tenant", "/console/tenants/tenant-5000"),
        ("tenant.jobs", "/console/tenants/tenant-5000/jobs"),
        ("jobs", "/console/jobs"),
        ("jobs.failed", "/console/jobs?state=failed"),
        ("jobs.kind", "/console/jobs?kind=backup"),
        ("jobs.text", "/console/jobs?text=rate%20limit"),
        ("job", "/console/jobs/backup-500000"),
        ("servers", "/console/servers"),
        ("server", "/console/servers/local"),
        ("billing", "/console/billing"),
        ("settings", "/console/settings"),
        ("form", "/console/do/tenants/order"),
    ];

    public static async Task RunAsync(bool quick)
    {
        var (tenants, jobs) = quick ? (1000, 100_000) : (10_000, 1_000_000);
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            Fsync = false,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        await using (var superuser = new NpgsqlConnection(postgres.SuperuserConnectionString))
        {
            await superuser.ExecuteAsync($"CREATE DATABASE {Template} OWNER {LocalServer.ApplicationRole}");
        }

        await using var host = await BenchHost.StartAsync(postgres, Template);
        await FillAsync(postgres, tenants, jobs);
        foreach (var (name, path) in Pages)
        {
            var times = new List<double>();
            var bytes = 0;
            for (var run = 0; run < (quick ? 10 : 40); run++)
            {
                var watch = Stopwatch.StartNew();
                bytes = await host.ReadPageAsync(path);
                times.Add(watch.Elapsed.TotalMilliseconds);
            }

            // The first visits compile the page.
            Figures.Print(
                $"console.{name}", Figures.Median(times.Skip(3)), "ms",
                string.Create(CultureInfo.InvariantCulture, $"p95 {Figures.Percentile(times.Skip(3), 95):0} ms, first {times[0]:0} ms, {bytes / 1024} KiB; {tenants} tenants, {jobs} jobs"));
        }
    }

    private static async Task FillAsync(EmbeddedPostgres postgres, int tenants, int jobs)
    {
        await using var control = NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var connection = await control.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at, activated_at)
            select 'tenant-' || i, 'Tenant ' || i, 'odoo-shared', 'starter', 'blank', 'template_blank', s.id, 'tenant-' || i, 'tenant-' || i || '.bench.localhost',
                   'http://tenant-' || i || '.bench.localhost', 'tenant-' || i, 'en_US', 'UTC', 'EUR', case when i % 50 = 0 then 'suspended' else 'active' end, 'bench', now() - i * interval '1 hour', now()
            from generate_series(1, @tenants) i, control.servers s;

            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome, reason)
            select 'backup-' || i, case when i % 4 = 0 then 'verify-backup' else 'backup' end, t.id, t.code, t.code, 'timer', false,
                   now() - i * interval '30 seconds', now() - i * interval '30 seconds' + interval '25 seconds',
                   case when i % 200 = 0 then 'failed' else 'succeeded' end, case when i % 200 = 0 then 'The authority answered: rate limit reached.' end
            from generate_series(1, @jobs) i join control.tenants t on t.code = 'tenant-' || (1 + i % @tenants);

            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, received_at, updated_at)
            select 'evt-' || i, 'invoice.paid', 'tenant-' || (1 + i % @tenants), i, now(), '{}', case when i % 5000 = 0 then 'parked' else 'done' end, now() - i * interval '1 minute', now()
            from generate_series(1, @jobs / 10) i;
            """,
            new { tenants, jobs }, commandTimeout: 1800);
        await connection.ExecuteAsync("vacuum analyze control.tenants; ", commandTimeout: 600);
        await connection.ExecuteAsync("vacuum analyze control.jobs", commandTimeout: 600);
        await connection.ExecuteAsync("vacuum analyze control.billing_inbox", commandTimeout: 600);
    }
}
