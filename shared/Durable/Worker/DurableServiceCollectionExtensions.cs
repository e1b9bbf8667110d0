using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Worker;

/// <summary>Composition of the durable runtime.</summary>
public static class DurableServiceCollectionExtensions
{
    /// <summary>
    /// Adds a task hub, its <see cref="Microsoft.DurableTask.Client.DurableTaskClient"/> and a pump; an <see cref="IWorkerInterceptor"/> in the
    /// container is used. Where processes live on, <see cref="AddDurableTaskWorker"/> adds the worker.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="createHub">Makes the hub.</param>
    /// <param name="register">Adds the orchestrators and activities that run here.</param>
    /// <param name="configure">Limits, leases and versions of the worker.</param>
    /// <param name="handedIn">Called whenever the client hands work in.</param>
    public static IServiceCollection AddDurableTask(
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
    /// <param name="services">The services.</param>
    /// <param name="until">What the worker waits for before it starts, without holding up the host; nothing unless given.</param>
    public static IServiceCollection AddDurableTaskWorker(this IServiceCollection services, Func<IServiceProvider, CancellationToken, Task>? until = null)
    {
        services.AddSingleton(sp => sp.GetRequiredService<Func<TaskHubWorker>>()());
        services.AddHostedService(sp => new WorkerHostedService(
            sp.GetRequiredService<ITaskHub>(), sp.GetRequiredService<TaskHubWorker>(), cancellationToken => until?.Invoke(sp, cancellationToken) ?? Task.CompletedTask,
            sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<TaskHubWorker>>()));
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

    private sealed class WorkerHostedService(
        ITaskHub hub, TaskHubWorker worker, Func<CancellationToken, Task> until, TimeProvider time, ILogger logger) : IHostedService, IDisposable
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
        private readonly CancellationTokenSource _stopping = new();
        private Task _starting = Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            var ready = until(_stopping.Token);
            if (!ready.IsCompleted)
            {
                _starting = StartAfterAsync(ready);
                return Task.CompletedTask;
            }

            _starting = StartNowAsync();
            return _starting;
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            await _stopping.CancelAsync();
            await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await worker.StopAsync();
        }

        public void Dispose() => _stopping.Dispose();

        private async Task StartAfterAsync(Task ready)
        {
            await ready;
            while (true)
            {
                try
                {
                    await StartNowAsync();
                    return;
                }
                catch (Exception failure) when (!_stopping.IsCancellationRequested)
                {
                    // The host runs already and nobody waits for this: without another attempt it would be one that never works.
                    Logs.HubUnavailable(logger, failure, Pause);
                    await Task.Delay(Pause, time, _stopping.Token);
                }
            }
        }

        private async Task StartNowAsync()
        {
            await hub.InitializeAsync(_stopping.Token);
            worker.Start();
        }
    }
}
