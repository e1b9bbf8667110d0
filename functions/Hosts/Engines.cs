using Bibind.Activities.Registration;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;
using Bibind.Durable.Scheduler;
using Bibind.Durable.Worker;
using Bibind.Functions.Health;
using Bibind.Functions.Problems;
using Bibind.Functions.Triggers;
using Bibind.Orchestrators;
using Npgsql;

namespace Bibind.Functions.Hosts;

/// <summary>Composes the engine that runs the orchestrations; everything else asks its client alone.</summary>
internal static class Engines
{
    /// <summary>Adds the engine's client.</summary>
    public static void AddEngine(this IServiceCollection services, HostSettings settings)
    {
        switch (settings.Engine)
        {
            case { Engine: DurableEngine.Scheduler, Scheduler: { } scheduler }:
                services.AddSchedulerDurableTask(scheduler, Register, UntilReadyAsync);
                break;
            case { Engine: DurableEngine.Memory }:
                services.AddDurableTask(_ => new InMemoryTaskHub(), Register, settings.ConfigureWorker);
                services.AddOutboxClient(sp => new TaskHubClient(sp.GetRequiredService<Durable.Hubs.ITaskHub>(), sp.GetRequiredService<TimeProvider>()), UntilReadyAsync);
                break;
            default:
                services.AddPostgresDurableTask(
                    sp => sp.GetRequiredKeyedService<NpgsqlDataSource>(ConnectionPools.Hub), Register, settings.ConfigureWorker, FunctionInvocation.NoteWork);
                break;
        }
    }

    /// <summary>Adds the worker of a process that lives on.</summary>
    public static void AddEngineWorker(this IServiceCollection services, HostSettings settings)
    {
        if (settings.Engine.Engine == DurableEngine.Scheduler)
        {
            services.AddSchedulerDurableTaskWorker(UntilServingAsync);
            services.AddSingleton<IReadinessCheck>(sp => new WorkerCheck(() => sp.GetRequiredService<SchedulerWorker>().IsRunning));
            return;
        }

        services.AddDurableTaskWorker(UntilServingAsync);
        services.AddSingleton<IReadinessCheck>(sp => new WorkerCheck(() => sp.GetRequiredService<TaskHubWorker>().IsRunning));
    }

    private static void Register(TaskRegistry registry) => registry.AddOrchestrators().AddActivities();

    private static Task UntilReadyAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        services.GetRequiredService<IControlPlaneReadiness>().UntilReadyAsync(cancellationToken);

    // A step may need this process to answer: an authority fetches our answer to its challenge from here, and takes a host that
    // does not listen yet for a refusal.
    private static async Task UntilServingAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult))
        {
            await started.Task.WaitAsync(cancellationToken);
        }

        await UntilReadyAsync(services, cancellationToken);
    }
}
