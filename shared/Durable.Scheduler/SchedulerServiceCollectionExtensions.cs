using Bibind.Durable.Serialization;
using Bibind.Durable.Worker;
using Grpc.Net.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Grpc;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Durable.Scheduler;

/// <summary>Composition of the engine on Durable Task's gRPC protocol.</summary>
public static class SchedulerServiceCollectionExtensions
{
    private const string ClientChannel = "scheduler-client";
    private const string WorkerChannel = "scheduler-worker";

    /// <summary>
    /// Adds the client of a task hub that a host of Durable Task's gRPC protocol keeps, and the relay of the outbox. Where work is to be done, <see cref="AddSchedulerDurableTaskWorker"/> adds the worker.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="options">Which host, and as whom.</param>
    /// <param name="register">Adds the orchestrators and activities that run here.</param>
    /// <param name="until">What the relay waits for before it begins; nothing unless given.</param>
    public static IServiceCollection AddSchedulerDurableTask(
        this IServiceCollection services, SchedulerOptions options, Action<TaskRegistry> register,
        Func<IServiceProvider, CancellationToken, Task>? until = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(register);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        // The container ends them: neither client nor worker does with a channel that it was given.
        services.AddKeyedSingleton(ClientChannel, (sp, _) => SchedulerChannel.Create(options, forWorker: false, sp.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(WorkerChannel, (sp, _) => SchedulerChannel.Create(options, forWorker: true, sp.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ =>
        {
            var registry = new TaskRegistry();
            register(registry);
            return registry;
        });
        return services.AddOutboxClient(CreateClient, until);
    }

    /// <summary>
    /// Makes an engine's client, whatever the engine, obey the transactions of callers through the <see cref="IOrchestrationOutbox"/> in the
    /// container, and relays what that holds as long as the process lives.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="createClient">Makes the engine's own client.</param>
    /// <param name="until">What the relay waits for before it begins; nothing unless given.</param>
    public static IServiceCollection AddOutboxClient(
        this IServiceCollection services, Func<IServiceProvider, DurableTaskClient> createClient, Func<IServiceProvider, CancellationToken, Task>? until = null)
    {
        services.AddSingleton(sp => new OutboxClient(
            createClient(sp), sp.GetRequiredService<IOrchestrationOutbox>(), sp.GetRequiredService<TimeProvider>()));
        services.AddSingleton<DurableTaskClient>(sp => sp.GetRequiredService<OutboxClient>());
        services.AddHostedService(sp => new OutboxRelay(
            sp.GetRequiredService<IOrchestrationOutbox>(),
            sp.GetRequiredService<OutboxClient>(),
            cancellationToken => until?.Invoke(sp, cancellationToken) ?? Task.CompletedTask,
            sp.GetRequiredService<TimeProvider>(),
            LoggerOf<OutboxRelay>(sp)));
        return services;
    }

    /// <summary>Adds a worker that runs as long as the host does. An <see cref="IWorkerInterceptor"/> in the container is asked at the activities' boundaries.</summary>
    /// <param name="services">The container.</param>
    /// <param name="until">What the worker waits for before it starts, without holding up the host; nothing unless given.</param>
    public static IServiceCollection AddSchedulerDurableTaskWorker(
        this IServiceCollection services, Func<IServiceProvider, CancellationToken, Task>? until = null)
    {
        var builder = new WorkerBuilder(services);
        builder.UseGrpc(_ => { });
        builder.Services.AddOptions<Microsoft.DurableTask.Worker.Grpc.GrpcDurableTaskWorkerOptions>(builder.Name)
            .Configure<IServiceProvider>((grpc, sp) => grpc.Channel = sp.GetRequiredKeyedService<GrpcChannel>(WorkerChannel));
        builder.Services.AddOptions<DurableTaskWorkerOptions>(builder.Name).Configure<SchedulerOptions>((worker, options) =>
        {
            worker.DataConverter = HubDataConverter.Default;
            worker.EnableEntitySupport = false;
            worker.Logging.UseLegacyCategories = false;
            worker.Concurrency.MaximumConcurrentActivityWorkItems = options.MaxConcurrentActivities;
            worker.Concurrency.MaximumConcurrentOrchestrationWorkItems = options.MaxConcurrentOrchestrations;
        });
        builder.Services.AddOptions<DurableTaskWorkerWorkItemFilters>(builder.Name).Configure<TaskRegistry>(RegistryTaskFactory.Fill);
        services.AddSingleton<IExceptionPropertiesProvider, FailureMarks>();
        services.AddSingleton(sp => new ActivityHost(
            sp.GetRequiredService<SchedulerOptions>(),
            sp.GetService<IWorkerInterceptor>() ?? WorkerInterceptor.None,
            sp.GetRequiredService<TimeProvider>(),
            LoggerOf<ActivityHost>(sp)));
        services.AddSingleton(sp => new SchedulerWorker(
            sp.GetRequiredService<SchedulerOptions>(),
            sp.GetRequiredService<ActivityHost>(),
            () => builder.Build(sp),
            cancellationToken => until?.Invoke(sp, cancellationToken) ?? Task.CompletedTask,
            LoggerOf<SchedulerWorker>(sp)));
        services.AddHostedService(sp => sp.GetRequiredService<SchedulerWorker>());
        return services;
    }

    private static GrpcDurableTaskClient CreateClient(IServiceProvider services) => new(
        "scheduler",
        new GrpcDurableTaskClientOptions
        {
            Channel = services.GetRequiredKeyedService<GrpcChannel>(ClientChannel),
            DataConverter = HubDataConverter.Default,
            GrpcCallTimeout = TimeSpan.FromSeconds(30),
        },
        LoggerOf<GrpcDurableTaskClient>(services));

    private static ILogger<T> LoggerOf<T>(IServiceProvider services) => services.GetService<ILogger<T>>() ?? NullLogger<T>.Instance;

    /// <summary>Builds the framework's worker with our registry instead of its own.</summary>
    private sealed class WorkerBuilder(IServiceCollection services) : IDurableTaskWorkerBuilder
    {
        public string Name => Microsoft.Extensions.Options.Options.DefaultName;

        public IServiceCollection Services => services;

        public Type? BuildTarget { get; set; }

        public IHostedService Build(IServiceProvider serviceProvider) => (IHostedService)ActivatorUtilities.CreateInstance(
            serviceProvider,
            BuildTarget!,
            Name,
            new RegistryTaskFactory(serviceProvider.GetRequiredService<TaskRegistry>(), serviceProvider.GetRequiredService<ActivityHost>()));
    }

    /// <summary>Carries the mark that trying again cannot help, for which the protocol has no place of its own.</summary>
    private sealed class FailureMarks : IExceptionPropertiesProvider
    {
        public IDictionary<string, object?>? GetExceptionProperties(Exception exception) => TaskFailureDetails.Describe(exception).Properties;
    }
}
