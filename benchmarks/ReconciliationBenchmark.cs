using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Certificates;
using Bibind.Activities.Reconciliation;
using Bibind.Activities.Storage;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Tenants;
using Bibind.Local;
using Bibind.Local.RealServers;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>
/// A round over all tenants of one PostgreSQL behind one Caddy, with buckets in a folder and certificates of their own. Their databases are rows of
/// PostgreSQL's catalogue, which is all that is looked at.
/// </summary>
internal static class ReconciliationBenchmark
{
    public static async Task RunAsync(bool quick)
    {
        var tenants = quick ? 1000 : 10_000;
        var folder = Directory.CreateTempSubdirectory("bibind-bench").FullName;
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            Fsync = false,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        await using var caddy = await CaddyServer.StartAsync();
        await using var host = FleetHost.Build(
            postgres, "--Routing:Provider=caddy", $"--Routing:Caddy:Admin={caddy.Admin}", $"--Routing:Http={caddy.Http}", $"--Routing:Https={caddy.Https}", "--Routing:WatchInterval=0",
            "--Certificates:Provider=local", $"--Storage:Local:Folder={folder}", "--Reconciliation:Interval=1.00:00:00");
        await host.Services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await using var control = NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var connection = await control.OpenConnectionAsync();
        await FleetHost.AddServerAsync(host, postgres, tenants);
        await MakeTenantsAsync(connection, tenants);
        await MakeDatabasesAsync(postgres, connection, tenants);
        await LoadRoutesAsync(caddy, connection);
        await MakeRestAsync(host.Services, connection);

        var round = host.Services.GetRequiredService<ReconciliationRound>();
        var moment = DateTimeOffset.UtcNow;
        await round.RunAsync(moment, CancellationToken.None);
        for (var run = 1; run <= (quick ? 1 : 2); run++)
        {
            moment += TimeSpan.FromDays(1);
            var processor = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var looked = await round.RunAsync(moment, CancellationToken.None);
            var took = watch.Elapsed;
            var right = await connection.ExecuteScalarAsync<long>("select count(*) from control.reconciliation_tenants where looked_at is not null and reason is null");
            var found = await connection.ExecuteScalarAsync<long>("select count(*) from control.reconciliation_findings");
            if (looked != tenants || right != tenants || found != 0)
            {
                var first = await connection.QueryFirstOrDefaultAsync<string>(
                    "select coalesce((select reason from control.reconciliation_tenants where reason is not null limit 1), (select seen from control.reconciliation_findings limit 1))");
                throw new InvalidOperationException($"Of {tenants} tenants {looked} were looked at, {right} wholly; {found} differ: {first}");
            }

            Figures.Print(
                "reconciliation.round", took.TotalSeconds, "s",
                string.Create(CultureInfo.InvariantCulture, $"{tenants} tenants of one server, {new ReconciliationOptions().PerServer} at once; {(Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds:0.0} s of processor time here"));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task MakeTenantsAsync(NpgsqlConnection connection, int tenants)
    {
        await connection.ExecuteAsync(
            """
            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at, activated_at)
            select 'tenant-' || i, 'Tenant', 'odoo-shared', 'starter', 'blank', 'template_blank', s.id, 'tenant-' || i, 'tenant-' || i || '.bench.localhost',
                   'https://tenant-' || i || '.bench.localhost', 'tenant-' || i, 'en_US', 'UTC', 'EUR', 'active', 'bench', now(), now() + interval '10 days'
            from generate_series(1, @tenants) i, control.servers s;
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, created_at, finished_at, outcome)
            select 'backup-' || t.code || '-' || n, 'backup', t.id, t.code, t.code, 'bench', now() - n * interval '1 day', now(), 'succeeded' from control.tenants t, generate_series(1, 10) n;
            """,
            new { tenants }, commandTimeout: 600);
    }

    // Rows that nobody connects to: making so many databases would take 70 GB, and none of their files is looked at.
    private static async Task MakeDatabasesAsync(EmbeddedPostgres postgres, NpgsqlConnection control, int tenants)
    {
        await using var connection = new NpgsqlConnection(postgres.SuperuserConnectionString);
        await connection.OpenAsync();
        var columns = (await connection.QueryAsync<string>(
            "select attname::text from pg_attribute where attrelid = 'pg_database'::regclass and attnum > 0 and attname not in ('oid', 'datname', 'datdba', 'datistemplate', 'datallowconn') order by attnum")).AsList();
        var kept = string.Join(", ", columns);
        await connection.ExecuteAsync(
            $"""
            set allow_system_table_mods = on;
            insert into pg_database (oid, datname, datdba, datistemplate, datallowconn, {kept})
            select 1000000 + i, 'tenant-' || i, '{LocalServer.ApplicationRole}'::regrole, false, true, {kept} from pg_database, generate_series(1, @tenants) i where datname = 'postgres'
            """,
            new { tenants }, commandTimeout: 600);
        await control.ExecuteAsync(
            """
            insert into control.databases (server_id, oid, name, tenant_id, purpose, recorded_at)
            select server_id, 1000000 + substr(code, 8)::int, database, id, 'current', now() from control.tenants
            """,
            commandTimeout: 600);
    }

    // As our own code writes them, in one piece.
    private static async Task LoadRoutesAsync(CaddyServer caddy, NpgsqlConnection connection)
    {
        var routes = new JsonArray();
        foreach (var (id, code, name) in await connection.QueryAsync<(long, string, string)>("select id, code, host from control.tenants order by id"))
        {
            routes.Add(new JsonObject
            {
                ["@id"] = $"bibind-route-{name}",
                ["match"] = new JsonArray(new JsonObject { ["host"] = new JsonArray(name) }),
                ["handle"] = new JsonArray(
                    new JsonObject { ["handler"] = "vars", ["bibind_owner"] = string.Create(CultureInfo.InvariantCulture, $"tenant={id} code={code}") },
                    new JsonObject
                    {
                        ["handler"] = "subroute",
                        ["routes"] = new JsonArray(new JsonObject
                        {
                            ["handle"] = new JsonArray(new JsonObject { ["handler"] = "reverse_proxy", ["upstreams"] = new JsonArray(new JsonObject { ["dial"] = "127.0.0.1:1" }) }),
                        }),
                    }),
                ["terminal"] = true,
            });
        }

        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        var all = (await client.GetFromJsonAsync<JsonObject>(new Uri(caddy.Admin, "/config/")))!;
        var servers = all["apps"]!["http"]!["servers"]!.AsObject();
        servers.First().Value!["routes"] = routes;
        using var answer = await client.PostAsJsonAsync(new Uri(caddy.Admin, "/load"), all);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task MakeRestAsync(IServiceProvider services, NpgsqlConnection connection)
    {
        var (tenants, buckets, store, certificates) = (
            services.GetRequiredService<TenantStore>(), services.GetRequiredService<TenantBucket>(), services.GetRequiredService<IObjectStore>(), services.GetRequiredService<ICertificateProvider>());
        await Parallel.ForEachAsync(
            await connection.QueryAsync<long>("select id from control.tenants"), new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (id, token) =>
            {
                var place = (await tenants.GetAsync(id, token))!.ToPlace("bench");
                await store.CreateBucketAsync(place.Bucket, token);
                await buckets.MarkAsync(place, token);
                await certificates.IssueAsync(place, token);
            });
    }
}
