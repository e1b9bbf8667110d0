using System.Diagnostics;
using System.Globalization;
using Bibind.ControlPlane.Schema;
using Bibind.Functions.Usage;
using Bibind.Local;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>A round over the tenants of one PostgreSQL, each with a real database of its own, and what a neighbour's statements notice of it.</summary>
internal static class UsageBenchmark
{
    private const string Template = "usage_template";
    private const int UsersEach = 7;

    public static async Task RunAsync(bool quick)
    {
        var tenants = quick ? 100 : 1000;
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),

            // Nothing is written while it is measured; making the databases is not.
            Fsync = false,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        await using var host = FleetHost.Build(postgres);
        await host.Services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await FleetHost.AddServerAsync(host, postgres, tenants);
        await MakeDatabasesAsync(postgres, tenants);
        await using var control = NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var connection = await control.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at)
            select 'tenant-' || i, 'Tenant', 'odoo-shared', 'starter', 'blank', 'template_blank', s.id, 'tenant-' || i, 'tenant-' || i || '.bench.localhost',
                   'http://tenant-' || i || '.bench.localhost', 'tenant-' || i, 'en_US', 'UTC', 'EUR', 'active', 'bench', now()
            from generate_series(1, @tenants) i, control.servers s
            """,
            new { tenants });

        var round = host.Services.GetRequiredService<UsageRound>();
        var quiet = await WatchAsync(postgres, Task.Delay(TimeSpan.FromSeconds(5)));
        var moment = DateTimeOffset.UtcNow;
        for (var run = 1; run <= (quick ? 1 : 3); run++)
        {
            var processor = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var measuring = round.RunAsync(moment, CancellationToken.None);
            var busy = await WatchAsync(postgres, measuring);
            var took = watch.Elapsed;
            moment += TimeSpan.FromHours(1);
            var right = await connection.ExecuteScalarAsync<long>(
                "select count(*) from control.tenant_usage where users = @UsersEach and database_bytes > 1000000 and reason is null", new { UsersEach });
            if (await measuring != tenants || right != tenants)
            {
                throw new InvalidOperationException($"Of {tenants} tenants {await measuring} were measured, {right} of them rightly.");
            }

            Figures.Print(
                "usage.round", took.TotalSeconds, "s",
                string.Create(CultureInfo.InvariantCulture, $"{tenants} tenants' databases on one PostgreSQL, {new UsageOptions().PerServer} at once; {(Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds:0.0} s of processor time here"));
            Figures.Print("usage.neighbour", busy, "ms", Figures.Ratio(busy, quiet, "the same statement without a round, ms"));
        }
    }

    // What a tenant's own statement takes meanwhile, p95.
    private static async Task<double> WatchAsync(EmbeddedPostgres postgres, Task until)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("tenant-1", LocalServer.ApplicationRole));
        await connection.OpenAsync();
        var times = new List<double>();
        while (!until.IsCompleted)
        {
            var watch = Stopwatch.StartNew();
            await connection.ExecuteAsync("select count(*) from res_users where active");
            times.Add(watch.Elapsed.TotalMilliseconds);
            await Task.WhenAny(until, Task.Delay(20));
        }

        await until;
        return Figures.Percentile(times, 95);
    }

    private static async Task MakeDatabasesAsync(EmbeddedPostgres postgres, int count)
    {
        await using var connection = new NpgsqlConnection(postgres.SuperuserConnectionString);
        await connection.OpenAsync();
        await connection.ExecuteAsync($"create database {Template} owner {LocalServer.ApplicationRole} template template0");
        await using (var template = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres.SuperuserConnectionString) { Database = Template, Pooling = false }.ConnectionString))
        {
            await template.OpenAsync();
            await template.ExecuteAsync(
                $"""
                create table public.res_users (id integer primary key, active boolean, share boolean);
                insert into public.res_users select i, true, false from generate_series(1, {UsersEach}) i;
                insert into public.res_users values (0, true, true);
                alter table public.res_users owner to {LocalServer.ApplicationRole}
                """);
        }

        for (var i = 1; i <= count; i++)
        {
            await connection.ExecuteAsync($"create database \"tenant-{i}\" owner {LocalServer.ApplicationRole} template {Template} strategy file_copy");
        }
    }
}
