using Bibind.Functions;
using Bibind.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Bibind.Benchmarks;

/// <summary>The product's host over a control database of many servers or tenants; it is not started: a benchmark runs its rounds itself.</summary>
internal static class FleetHost
{
    public static WebApplication Build(EmbeddedPostgres postgres) => FunctionsHost.Build(
        [
            $"--ControlDatabase={postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole)}",
            $"--Secrets:MasterKey={Convert.ToBase64String(new byte[32])}",
            "--Auth:Tokens:0:Name=bench", "--Auth:Tokens:0:Token=bench-operator-token-0123456789", "--Auth:Tokens:0:Role=admin",
            "--Platform:Domain=bench.localhost", "--Storage:Local:Folder=unused", "--Timers:Enabled=false",
        ],
        builder => builder.Logging.ClearProviders());
}
