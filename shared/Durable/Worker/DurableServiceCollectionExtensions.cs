using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable;

/// <summary>Composition of the durable runtime.</summary>
public static class DurableServiceCollectionExtensions
{
    /// <summary>
    /// Adds hub, client and a worker that runs as long as the host does. The hub's schema is made before the worker
    /// starts. An <see cref="IWorkerInterceptor"/> in the container is used.
    /// </summary>
    public static IServiceCollection AddDurableTasks(
        this IServiceCollection services,
        Func<IServiceProvider, ITaskHub> createHub,
        Action<DurableTaskRegistry> register,
        Action<TaskHubWorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(register);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(createHub);
        services.AddSingleton<DurableTaskClient>(sp => new TaskHubClient(sp.GetRequiredService<ITaskHub>(), sp.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ =>
        {
            var registry = new DurableTaskRegistry();
            register(registry);
            return registry;
        });
        services.AddSingleton(sp =>
        {
            var options = new TaskHubWorkerOptions();
            configure?.Invoke(options);
            return new TaskHubWorker(
                sp.GetRequiredService<ITaskHub>(),
                sp.GetRequiredService<DurableTaskRegistry>(),
                sp,
                options,
                sp.GetService<ILogger<TaskHubWorker>>(),
                sp.GetRequiredService<TimeProvider>(),
                sp.GetService<IWorkerInterceptor>());
        });
        services.AddHostedService<WorkerHostedService>();
        services.AddHostedService<HubGauges>();
        return services;
    }

    private sealed class WorkerHostedService(ITaskHub hub, TaskHubWorker worker) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await hub.InitializeAsync(cancellationToken);
            worker.Start();
        }

        public Task StopAsync(CancellationToken cancellationToken) => worker.StopAsync();
    }
}
