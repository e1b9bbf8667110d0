using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable;

/// <summary>Composition of the durable runtime.</summary>
public static class DurableServiceCollectionExtensions
{
    /// <summary>
    /// Adds hub, client and a pump. Where processes live on, <see cref="AddDurableWorker"/> adds the worker. An
    /// <see cref="IWorkerInterceptor"/> in the container is used. <paramref name="handedIn"/> is called whenever the client
    /// hands work in.
    /// </summary>
    public static IServiceCollection AddDurableTasks(
        this IServiceCollection services,
        Func<IServiceProvider, ITaskHub> createHub,
        Action<TaskRegistry> register,
        Action<TaskHubWorkerOptions>? configure = null,
        Action? handedIn = null)
    {
        ArgumentNullException.ThrowIfNull(register);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(createHub);
        services.AddSingleton<DurableTaskClient>(sp => new TaskHubClient(sp.GetRequiredService<ITaskHub>(), sp.GetRequiredService<TimeProvider>(), handedIn));
        services.AddSingleton(_ =>
        {
            var registry = new TaskRegistry();
            register(registry);
            return registry;
        });
        services.AddSingleton<Func<TaskHubWorker>>(sp => () => CreateWorker(sp, configure));
        services.AddSingleton<WorkerPump>();
        return services;
    }

    /// <summary>Adds a worker that runs as long as the host does. The hub's schema is made before it starts.</summary>
    public static IServiceCollection AddDurableWorker(this IServiceCollection services)
    {
        services.AddSingleton(sp => sp.GetRequiredService<Func<TaskHubWorker>>()());
        services.AddHostedService<WorkerHostedService>();
        services.AddHostedService<HubGauges>();
        return services;
    }

    private static TaskHubWorker CreateWorker(IServiceProvider services, Action<TaskHubWorkerOptions>? configure)
    {
        var options = new TaskHubWorkerOptions();
        configure?.Invoke(options);
        return new TaskHubWorker(
            services.GetRequiredService<ITaskHub>(),
            services.GetRequiredService<TaskRegistry>(),
            services,
            options,
            services.GetService<ILogger<TaskHubWorker>>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetService<IWorkerInterceptor>());
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
