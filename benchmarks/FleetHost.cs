using Bibind.ControlPlane.Servers;
using Bibind.Functions;
using Bibind.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bibind.Benchmarks;

/// <summary>The product's host over a control database of many servers or tenants; it is not started: a benchmark runs its rounds itself.</summary>
internal static class FleetHost
{
    public static WebApplication Build(EmbeddedPostgres postgres, params IReadOnlyList<string> more) => FunctionsHost.Build(
        [
            $"--ControlDatabase={postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole)}",
            $"--Secrets:MasterKey={Convert.ToBase64String(new byte[32])}",
            "--Auth:Tokens:0:Name=bench", "--Auth:Tokens:0:Token=bench-operator-token-0123456789", "--Auth:Tokens:0:Role=admin",
            "--Platform:Domain=bench.localhost", "--Storage:Local:Folder=unused", "--Timers:Enabled=false", .. more,
        ],
        builder => builder.Logging.ClearProviders());

    /// <summary>Adds the one server that all tenants are on, and opens it.</summary>
    public static async Task AddServerAsync(WebApplication host, EmbeddedPostgres postgres, int maxTenants)
    {
        var servers = host.Services.GetRequiredService<ServerStore>();
        await servers.CreateAsync(
            new NewServer
            {
                Code = "odoo-1",
                Name = "One",
                Url = "http://127.0.0.1:1",
                DatabaseHost = "127.0.0.1",
                DatabasePort = postgres.Port,
                DatabaseUser = LocalServer.MaintenanceRole,
                DatabasePassword = postgres.PasswordOf(LocalServer.MaintenanceRole),
                ApplicationRole = LocalServer.ApplicationRole,
                ApplicationPassword = postgres.PasswordOf(LocalServer.ApplicationRole),
                MaxTenants = maxTenants,
            },
            "bench", CancellationToken.None);
        await servers.ActivateAsync("odoo-1", "bench", "bench", CancellationToken.None);
    }
}
