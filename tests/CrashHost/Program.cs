using Bibind.CrashHost;
using Bibind.Durable.Worker;
using Bibind.Functions;
using Microsoft.Extensions.DependencyInjection;

// The product's host, with a switch that kills the process at one boundary (BIBIND_KILL_AT),
// and perhaps a step that fails (BIBIND_FAIL_AT).
await using var app = FunctionsHost.Build(args, builder =>
{
    if (Environment.GetEnvironmentVariable("BIBIND_KILL_AT") is { Length: > 0 } boundary)
    {
        builder.Services.AddSingleton<IWorkerInterceptor>(new KillSwitch(boundary, Environment.GetEnvironmentVariable("BIBIND_FAIL_AT")));
    }
});
await app.RunAsync();
