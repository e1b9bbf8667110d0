using Bibind.CrashHost;
using Bibind.Durable.Worker;
using Bibind.Functions;
using Bibind.Functions.Queues.Brokers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// The product's host, with a switch that kills the process at one boundary (BIBIND_KILL_AT), and perhaps a step that fails
// (BIBIND_FAIL_AT); or one that stops it at some places (BIBIND_STOP_AT), until somebody lets it go on.
using var statements = KillingStatements.At(Environment.GetEnvironmentVariable("BIBIND_KILL_AT") ?? string.Empty);
await using var app = FunctionsHost.Build(args, builder =>
{
    if (Environment.GetEnvironmentVariable("BIBIND_KILL_AT") is { Length: > 0 } boundary)
    {
        var commands = new CommandsUnderWay();
        builder.Services.AddSingleton<IStartupFilter>(commands);
        builder.Services.AddSingleton<IStartupFilter>(new KillingAnswer(boundary));
        builder.Services.AddSingleton<IWorkerInterceptor>(new KillSwitch(boundary, Environment.GetEnvironmentVariable("BIBIND_FAIL_AT"), commands));
        builder.Logging.AddProvider(new KillingLog(boundary)).AddFilter<KillingLog>(null, LogLevel.Trace);
        Replace(builder.Services, typeof(IQueueBroker), broker => new KillingBroker((IQueueBroker)broker, boundary));
    }

    if (Environment.GetEnvironmentVariable("BIBIND_STOP_AT")?.Split(',') is { Length: > 0 } places)
    {
        var stop = new StopSwitch(places);
        builder.Services.AddSingleton<IWorkerInterceptor>(stop);
        foreach (var type in builder.Services.Select(s => s.ServiceType).Where(t => stop.Calls.Any(c => c.StartsWith($"{t.Name}.", StringComparison.Ordinal))).ToList())
        {
            Replace(builder.Services, type, service => StoppedCalls.Of(service, type, place => stop.At(place).GetAwaiter().GetResult()));
        }
    }
});
await app.RunAsync();

static void Replace(IServiceCollection services, Type type, Func<object, object> decorate)
{
    foreach (var before in services.Where(s => s.ServiceType == type).ToList())
    {
        services.Remove(before);
        services.AddSingleton(type, provider => decorate(
            before.ImplementationInstance ?? before.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, before.ImplementationType!)));
    }
}
