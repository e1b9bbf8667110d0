using Bibind.Activities;
using Bibind.ControlPlane;
using Bibind.Durable;
using Bibind.Durable.Hubs.Postgres;
using Bibind.Functions.Health;
using Bibind.Functions.Hosts;
using Bibind.Functions.Http;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Seeding;
using Bibind.Functions.Servers;
using Bibind.Functions.Settings;
using Bibind.Functions.Telemetry;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Orchestrators;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Bibind.Functions;

/// <summary>Composes the host; tests and other hosts compose the same one.</summary>
public static class FunctionsHost
{
    /// <summary>Builds the host.</summary>
    /// <param name="args">Settings as <c>--Name=value</c>; they override the environment.</param>
    /// <param name="configure">Changes what was composed, last of all.</param>
    /// <exception cref="SettingsException">Settings are missing or wrong; all of them are named.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        AddLocalSettings(builder);
        var settings = HostSettings.Read(builder.Configuration, out var problems);
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = CommandReader.DiscardLimit;
        });
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        HostLogging.Configure(builder.Logging);

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(settings).AddSingleton(settings.Callers);
        builder.Services.AddSingleton(_ => ControlPlaneServices.CreateDataSource(settings.ControlDatabase)).AddControlPlane(builder.Configuration);
        builder.Services.AddKeyedSingleton(ConnectionPools.Hub, (_, _) => PostgresTaskHub.CreateDataSource(settings.ControlDatabase)).AddSingleton<ConnectionPools>();
        builder.Services.AddActivities(builder.Configuration);
        builder.Services.AddPostgresDurableTask(
            services => services.GetRequiredKeyedService<NpgsqlDataSource>(ConnectionPools.Hub),
            registry => registry.AddOrchestrators().AddActivities(),
            settings.ConfigureWorker,
            FunctionInvocation.NoteWork);
        builder.AddHosting(settings);
        builder.AddQueues();
        builder.Services.AddSingleton<CommandTransaction>().AddSingleton<TenantOrdering>().AddSingleton<DomainOrdering>()
            .AddSingleton<BackupOrdering>().AddSingleton<CredentialOrdering>().AddSingleton<DatabaseOrdering>().AddSingleton<PurchaseOrdering>();
        builder.Services.AddSingleton<ConnectionTest>().AddSingleton<ApplicationProbe>().AddSingleton<DatabaseProbe>();
        builder.Services.AddSingleton<IReadinessCheck, ControlDatabaseCheck>().AddSingleton<IReadinessCheck, TaskHubCheck>()
            .AddSingleton<IReadinessCheck, ServerRolesCheck>().AddSingleton<IReadinessCheck, DatabaseListsCheck>();
        builder.Services.AddSingleton<Seed>().AddSingleton<ControlPlaneStart>()
            .AddSingleton<IControlPlaneReadiness>(services => services.GetRequiredService<ControlPlaneStart>())
            .AddHostedService(services => services.GetRequiredService<ControlPlaneStart>());
        builder.Services.AddOptions<TimerOptions>().Bind(builder.Configuration.GetSection(TimerOptions.Section))
            .Validate(o => o.SweepInterval >= TimeSpan.FromSeconds(1), "Timers__SweepInterval must be one second at least, such as 00:05:00.")
            .ValidateOnStart();
        builder.Services.AddApiDocument();
        builder.AddTelemetry(settings);

        configure?.Invoke(builder);
        var app = builder.Build();
        SettingsCheck.ThrowIfAny(problems, app.Services);
        return Map(app);
    }

    /// <summary>Runs the host until it is told to stop; answers the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            await using var app = Build(args);
            await app.RunAsync();
            return 0;
        }
        catch (SettingsException wrong)
        {
            return await FailAsync(wrong.Message, SettingsException.ExitCode);
        }
        catch (StartException unavailable)
        {
            return await FailAsync(unavailable.Message, StartException.ExitCode);
        }
        catch (IOException listening) when (listening.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return await FailAsync($"{listening.Message} Set Urls to another address, or end what listens there.", StartException.ExitCode);
        }
    }

    private static WebApplication Map(WebApplication app)
    {
        app.UseMiddleware<RequestLogMiddleware>();
        app.UseMiddleware<SafeHeadersMiddleware>();
        app.UseMiddleware<ProblemsMiddleware>();
        app.UseRoutingOfMethods();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<ReadinessMiddleware>();
        app.UseHosting();
        app.MapHealth();
        app.MapMetrics();
        app.MapOdooWebhook();
        app.MapWebhookRefusals();
        app.MapAcmeChallenges();
        app.MapTenants();
        app.MapTenantDatabase();
        app.MapPendingItems();
        app.MapDomains();
        app.MapDomainPurchases();
        app.MapBackups();
        app.MapJobs();
        app.MapServers();
        app.MapTemplates();
        // One document, so that another's address is none: it answers as every unknown address does.
        app.MapOpenApi("/openapi/v1.json").WithMetadata(new NeedsNoDatabase());
        return app;
    }

    /// <summary>The settings that a host has which is started here: the local file and the environment.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    internal static IConfiguration ReadConfiguration()
    {
        var builder = WebApplication.CreateSlimBuilder();
        AddLocalSettings(builder);
        return builder.Configuration;
    }

    // Before the environment, which therefore overrides the file.
    private static void AddLocalSettings(WebApplicationBuilder builder)
    {
        IList<IConfigurationSource> sources = builder.Configuration.Sources;
        var environment = sources.OfType<EnvironmentVariablesConfigurationSource>().LastOrDefault(s => string.IsNullOrEmpty(s.Prefix));
        sources.Insert(environment is null ? sources.Count : sources.IndexOf(environment), LocalSettings.Find(builder.Environment.ContentRootPath));
    }

    private static async Task<int> FailAsync(string message, int exitCode)
    {
        await Console.Error.WriteLineAsync(message);
        await Hosting.ReportFailedStartAsync(message);
        return exitCode;
    }
}
