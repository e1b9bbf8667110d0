using Bibind.CrashHost;
using Bibind.Durable.Worker;
using Bibind.Functions;
using Bibind.Functions.Queues.Brokers;
using Microsoft.Extensions.DependencyInjection;

// The product's host, with a switch that kills the process at one boundary (BIBIND_KILL_AT),
// and perhaps a step that fails (BIBIND_FAIL_AT).
await using var app = FunctionsHost.Build(args, builder =>
{
    if (Environment.GetEnvironmentVariable("BIBIND_KILL_AT") is { Length: > 0 } boundary)
    {
        builder.Services.AddSingleton<IWorkerInterceptor>(new KillSwitch(boundary, Environment.GetEnvironmentVariable("BIBIND_FAIL_AT")));
        foreach (var broker in builder.Services.Where(s => s.ServiceType == typeof(IQueueBroker)).ToList())
        {
            builder.Services.Remove(broker);
            builder.Services.AddSingleton<IQueueBroker>(services => new KillingBroker(
                (IQueueBroker)(broker.ImplementationInstance ?? broker.ImplementationFactory!(services)), boundary));
        }
    }
});
await app.RunAsync();
