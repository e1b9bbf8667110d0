using Bibind.Functions.Alerts;
using Bibind.Functions.Health;
using Bibind.Functions.Hosts;
using Bibind.Functions.Hosts.Lambda;
using Bibind.Functions.Pump;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Reconciliation;
using Bibind.Functions.Servers;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Functions.Usage;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Options;

namespace Bibind.Functions;

/// <summary>Composes what differs between hosts; the functions are the same.</summary>
internal static class HostComposition
{
    /// <summary>Adds what calls the functions, and what runs orchestrations.</summary>
    public static void AddHosting(this IHostApplicationBuilder builder, HostSettings settings)
    {
        var services = builder.Services;
        var functions = Declarations.For(settings.Kind);
        services.AddSingleton(functions).AddSingleton<FunctionRunner>();
        if (!settings.Kind.IsFunctionHost())
        {
            services.AddSingleton<IWakeUp, NoWakeUp>();
            services.AddEngineWorker(settings);
            services.AddHostedService<TimerScheduler>().AddHostedService<ServerGauges>().AddHostedService<UsageGauges>().AddHostedService<WarmPoolGauges>().AddHostedService<RolloutGauges>().AddHostedService<TenantCheckGauges>().AddHostedService<ReconciliationGauges>().AddHostedService<AlertGauges>().AddHostedService<NoticeLoop>();
            return;
        }

        // Messages come from the host.
        builder.Configuration["Queues:Consume"] = "false";
        services.AddSingleton(Options.Create(settings.Pump));
        services.AddSingleton<IReadinessCheck>(s => new QueuesExistCheck(
            [.. s.GetServices<IQueueBroker>().Where(b => b.Name == settings.Kind.BrokerName())], functions, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<HostedQueues>(s, settings.Kind.BrokerName())).AddSingleton<OrchestrationPump>().AddSingleton<IWakeUp, QueueWakeUp>();
        services.AddSingleton<LambdaEvents>();
        if (settings.Kind == HostKind.Lambda && builder.Configuration[LambdaRuntimeApi.AddressVariable] is { } address)
        {
            services.AddSingleton(_ => new LambdaRuntimeApi(address)).AddSingleton<IServer, LambdaServer>();
        }
    }

    /// <summary>Adds what a request passes through on this kind of host only.</summary>
    public static void UseHosting(this IApplicationBuilder app)
    {
        if (app.ApplicationServices.GetRequiredService<HostSettings>().Kind.IsFunctionHost())
        {
            app.UseMiddleware<WakeUpMiddleware>();
        }
    }

    /// <summary>Adds what the host calls besides the functions' own addresses.</summary>
    public static void MapHosting(this IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetRequiredService<HostSettings>().Kind == HostKind.WebAdapter)
        {
            routes.MapWebAdapter();
        }
    }

    /// <summary>Tells Lambda why the process cannot start; elsewhere the exit code and what was printed say enough.</summary>
    public static async Task ReportFailedStartAsync(string message)
    {
        if (Environment.GetEnvironmentVariable(LambdaRuntimeApi.AddressVariable) is not { Length: > 0 } address
            || !string.Equals(Environment.GetEnvironmentVariable("Hosting__Kind"), nameof(HostKind.Lambda), StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        using var api = new LambdaRuntimeApi(address);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await api.FailInitAsync("Bibind.CannotStart", message, limit.Token);
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("The Lambda Runtime API did not take the reason.");
        }
    }
}
