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
        ("tenant.domains", "/console/tenants/tenant-5000/domains"),
        ("tenant.backups", "/console/tenants/tenant-5000/backups"),
        ("tenant.subscription", "/console/tenants/tenant-5000/subscription"),
        ("tenant.jobs", "/console/tenants/tenant-5000/jobs"),
        ("tenant.usage", "/console/tenants/tenant-5000/usage"),
        ("tenant.changes", "/console/tenants/tenant-5000/changes"),
        ("tenant.releases", "/console/tenants/tenant-5000/releases"),
        ("jobs", "/console/jobs"),
        ("jobs.failed", "/console/jobs?state=failed"),
        ("jobs.retrying", "/console/jobs?state=retrying"),
        ("jobs.kind", "/console/jobs?kind=backup"),
        ("jobs.last", "/console/jobs?page=200"),
        ("jobs.text", "/console/jobs?text=rate%20limit"),
        ("jobs.long", "/console/jobs?minDurationMs=60000"),
        ("jobs.purge", "/console/jobs/purge"),
        ("job", "/console/jobs/backup-500000"),
        ("servers", "/console/servers"),
        ("server", "/console/servers/server-50"),
        ("templates", "/console/templates"),
        ("template", "/console/templates/blank"),
        ("rollouts", "/console/rollouts"),
        ("offers", "/console/offers"),
        ("billing", "/console/billing"),
        ("billing.parked", "/console/billing?state=parked"),
        ("deliveries", "/console/deliveries"),
        ("notices", "/console/deliveries/notices"),
        ("findings", "/console/findings"),
        ("backups", "/console/backups"),
        ("pending", "/console/pending"),
        ("audit", "/console/audit"),
        ("audit.who", "/console/audit?who=operator-7"),
        ("access", "/console/access"),
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
        Figures.Print("console.first-visit", await host.ReadFirstVisitAsync("/console") / 1024.0, "KiB", "overview, style sheet, script, icons; as browsers take them, compressed; must: 150");
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
                string.Create(CultureInfo.InvariantCulture, $"best {times.Min():0.0} ms, p95 {Figures.Percentile(times.Skip(3), 95):0} ms, first {times[0]:0} ms, {bytes / 1024} KiB; {tenants} tenants, {jobs} jobs"));
        }
    }

    private static async Task FillAsync(EmbeddedPostgres postgres, int tenants, int jobs)
    {
        await using var control = NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var connection = await control.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into control.servers (code, name, url, db_host, db_port, db_user, application_role, db_password_secret, application_password_secret, max_tenants, state, health, created_at)
            select 'server-' || n, 'Server ' || n, 'http://server-' || n || '.bench.localhost:8069', db_host, db_port, db_user, application_role, db_password_secret, application_password_secret, 200, 'maintenance', 'healthy', now()
            from control.servers, generate_series(1, 99) n;

            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at, activated_at)
            select 'tenant-' || i, 'Tenant ' || i, 'odoo-shared', 'starter', 'blank', 'template_blank', s.id, 'tenant-' || i, 'tenant-' || i || '.bench.localhost',
                   'http://tenant-' || i || '.bench.localhost', 'tenant-' || i, 'en_US', 'UTC', 'EUR', case when i % 50 = 0 then 'suspended' else 'active' end, 'bench', now() - i * interval '1 hour', now()
            from generate_series(1, @tenants) i join (select id, row_number() over (order by id) - 1 as place from control.servers) s on s.place = i % 100;

            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome, reason)
            select 'backup-' || i, case when i % 4 = 0 then 'verify-backup' else 'backup' end, t.id, t.code, t.code, 'timer', false,
                   now() - i * interval '30 seconds', now() - i * interval '30 seconds' + interval '25 seconds',
                   case when i % 200 = 0 then 'failed' else 'succeeded' end, case when i % 200 = 0 then 'The authority answered: rate limit reached.' end
            from generate_series(1, @jobs) i join control.tenants t on t.code = 'tenant-' || (1 + i % @tenants);

            insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes, file_store_bytes, bucket_bytes)
            select id, server_id, now(), now(), 12, 700000000, 1000000000, 4000000000 from control.tenants
            on conflict (tenant_id) do nothing;
            insert into control.usage_hours (tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes)
            select id, date_trunc('hour', now()) - n * interval '1 hour', 8 + n % 5, 700000000, 1000000000, 4000000000 from control.tenants, generate_series(1, 24) n;
            insert into control.certificates (name, tenant_id, host, issuer, not_before, not_after, look_at, failures, updated_at)
            select code, id, 'shop.' || host, 'Bench CA', now() - interval '30 days', now() + interval '30 days' + id % 40 * interval '1 day', now() + interval '9 days', 0, now() from control.tenants;
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select code || '-' || n, id, 'scheduled', code || '/' || n, code || '/' || n || '.json', 70000000, repeat('a', 64), now() - n * interval '1 day' from control.tenants, generate_series(1, 20) n;
            insert into control.missing_backups (tenant_id, last_at, expected_by, since, reason)
            select id, now() - interval '3 days', now() - interval '1 day', now() - interval '20 hours', 'The server does not answer.' from control.tenants where id % 20 = 0;
            insert into control.pending_items (tenant_id, kind, since, reason, next_attempt)
            select id, 'smoke-test', now(), 'The page did not answer.', now() + interval '1 hour' from control.tenants where id % 20 = 0;
            insert into control.reconciliation_findings (tenant_id, kind, subject, seen, first_seen_at, last_seen_at, confirmed_at)
            select id, 'database', 'database', 'It is not there.', now(), now(), now() from control.tenants where id % 5 = 0;
            insert into control.webhook_log (received_at, caller, model, record_id, state, status)
            select now() - i * interval '1 minute', 'console', 'sale.order', i, 'taken', 202 from generate_series(1, @jobs / 10) i;
            insert into control.notices (kind, subject, cause, tenant_id, tenant_code, data, created_at, closed_at)
            select 'job-failed', 'backup-' || t.code, 'backup-' || i, t.id, t.code, '{}', now() - i * interval '1 minute', now() from generate_series(1, @jobs / 10) i join control.tenants t on t.code = 'tenant-' || (1 + i % @tenants);
            insert into control.notice_deliveries (notice_id, channel, recipient, recipient_name, language, state, attempts, next_attempt_at, give_up_at, ended_at)
            select id, 'email', 'operators@bench.example', 'Operators', 'en_US', 'sent', 1, now(), now(), now() from control.notices;
            insert into control.audit (at, actor, role, source, action, path, subject, status, done_at)
            select now() - i * interval '1 minute', 'operator-' || i % 20, 'admin', 'token', 'POST /api/tenants', '/api/tenants', 'tenant-' || (1 + i % @tenants), 202, now() from generate_series(1, @jobs / 2) i;

            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, received_at, updated_at)
            select 'evt-' || i, 'invoice.paid', 'tenant-' || (1 + i % @tenants), i, now(), '{}', case when i % 5000 = 0 then 'parked' else 'done' end, now() - i * interval '1 minute', now()
            from generate_series(1, @jobs / 10) i;
            """,
            new { tenants, jobs }, commandTimeout: 1800);
        // A statement for each table, for none of them goes into a transaction.
        foreach (var table in await connection.QueryAsync<string>("select quote_ident(tablename) from pg_tables where schemaname = 'control'"))
        {
            await connection.ExecuteAsync($"vacuum analyze control.{table}", commandTimeout: 600);
        }
    }
}
