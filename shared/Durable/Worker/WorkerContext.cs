using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Worker;

/// <summary>What the parts of a worker share.</summary>
internal sealed record WorkerContext(
    ITaskHub Hub,
    TaskRegistry Registry,
    IServiceProvider Services,
    TaskHubWorkerOptions Options,
    ILogger Logger,
    TimeProvider Time,
    IWorkerInterceptor Interceptor,
    HubDataConverter Converter)
{
    /// <summary>Where orchestrators log; silent while they replay.</summary>
    public ILoggerFactory? Loggers { get; } = Services.GetService<ILoggerFactory>();
}

/// <summary>Waits that double up to one minute.</summary>
internal static class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public static TimeSpan Next(TimeSpan current) => current * 2 < Longest ? current * 2 : Longest;

    public static TimeSpan After(TimeSpan first, int failures) =>
        failures > 16 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, first.Ticks << Math.Max(0, failures - 1)));
}
