using System.Diagnostics;
using System.Globalization;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Servers;
using Bibind.Local;
using Bibind.Testing.Servers;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>A round of health checks over a fleet of which a fifth is dead in every way, at real sockets and a real PostgreSQL.</summary>
internal static class ServersBenchmark
{
    private const int DeadInFive = 1;
    private static readonly string[] Deaths = ["refused", "black hole", "HTML", "slow"];

    public static async Task RunAsync(bool quick)
    {
        var fleet = quick ? 100 : 500;
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            Fsync = true,
            DeleteOnStop = true,
            // All servers of the fleet are this one.
            MaxConnections = fleet + 200,
        });
        await LocalServer.PrepareAsync(postgres);
        await using var odoo = RawServer.Start(RawServer.Odoo());
        await using var mute = RawServer.Start(RawServer.Silence);
        await using var html = RawServer.Start(RawServer.Http("<!doctype html><title>Welcome to nginx!</title>", headers: "Content-Type: text/html\r\n"));
        await using var slow = RawServer.Start(RawServer.Odoo(after: TimeSpan.FromMinutes(1)));
        await using var host = FleetHost.Build(postgres);
        await host.Services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        var dead = 0;
        for (var i = 0; i < fleet; i++)
        {
            var death = i % 5 < DeadInFive ? Deaths[dead++ % Deaths.Length] : null;
            await AddAsync(host.Services, i, postgres, death, death switch
            {
                "refused" => FreePorts.Next(),
                "black hole" => mute.Port,
                "HTML" => html.Port,
                "slow" => slow.Port,
                _ => odoo.Port,
            });
        }

        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var connection = await database.OpenConnectionAsync();
        await connection.ExecuteAsync("update control.servers set application_version = '18.0'");
        var round = host.Services.GetRequiredService<ServerHealthRound>();
        var limit = new ServerHealthOptions().Limit;
        var moment = DateTimeOffset.UtcNow;
        for (var run = 1; run <= (quick ? 1 : 3); run++)
        {
            var processor = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var count = await round.RunAsync(moment, CancellationToken.None);
            var took = watch.Elapsed;
            moment += TimeSpan.FromMinutes(15);
            var found = (await connection.QueryAsync<(string Health, long Count)>("select health, count(*) from control.servers group by health")).ToDictionary(f => f.Health, f => f.Count);
            if (count != fleet || found.GetValueOrDefault(ServerHealth.Critical) != dead || found.GetValueOrDefault(ServerHealth.Healthy) != fleet - dead)
            {
                throw new InvalidOperationException($"Of {fleet} servers {count} were checked: {string.Join(", ", found)}.");
            }

            Figures.Print(
                "servers.round", took.TotalSeconds, "s",
                string.Create(CultureInfo.InvariantCulture, $"{fleet} servers, {dead} of them dead; limit of one {limit.TotalSeconds} s; {(Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds:0.0} s of processor time here"));
            var alive = await connection.QuerySingleAsync<double>(
                """
                select extract(epoch from max(c.checked_at) - min(c.checked_at))::double precision
                from control.server_checks c where c.health = 'healthy' and c.checked_at > now() - make_interval(secs => @took)
                """,
                new { took = took.TotalSeconds });
            Figures.Print("servers.last_living", alive, "s", "from the first to the last result of a living one");
        }
    }

    private static async Task AddAsync(IServiceProvider services, int number, EmbeddedPostgres postgres, string? death, int port)
    {
        var code = string.Create(CultureInfo.InvariantCulture, $"odoo-{number}");
        var servers = services.GetRequiredService<ServerStore>();
        await servers.CreateAsync(
            new NewServer
            {
                Code = code,
                Name = death ?? "alive",
                Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.{number / 250}.{(number % 250) + 1}:{port}"),
                DatabaseHost = "127.0.0.1",
                // One whose machine is gone answers nowhere; an application that is broken has a database that is not.
                DatabasePort = death is "black hole" or "refused" ? port : postgres.Port,
                DatabaseUser = LocalServer.MaintenanceRole,
                DatabasePassword = postgres.PasswordOf(LocalServer.MaintenanceRole),
                ApplicationRole = LocalServer.ApplicationRole,
                ApplicationPassword = postgres.PasswordOf(LocalServer.ApplicationRole),
            },
            "bench", CancellationToken.None);
        await servers.ActivateAsync(code, "bench", "bench", CancellationToken.None);
    }
}
