using Bibind.Activities.Registration;
using Bibind.ControlPlane.Alerts;
using Bibind.ControlPlane.Registration;
using Bibind.Durable.Postgres;
using Bibind.Functions.Alerts;
using Bibind.Functions.Health;
using Bibind.Functions.Hosts;
using Bibind.Functions.Http;
using Bibind.Functions.InProcess;
using Bibind.Functions.KeySources;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Reconciliation;
using Bibind.Functions.Security;
using Bibind.Functions.Seeding;
using Bibind.Functions.Servers;
using Bibind.Functions.Settings;
using Bibind.Functions.Startup;
using Bibind.Functions.Timers;
using Bibind.Functions.Usage;
using Bibind.Functions.Web;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Bibind.Functions;

/// <summary>Composes the host; tests and other hosts compose the same one.</summary>
public static class FunctionsHost
{
    // Settings count from the start on; a watch on their files would cost each host one of the machine's few inotify instances.
    private const string WithoutWatching = "--hostBuilder:reloadConfigOnChange=false";

    /// <summary>Builds the host.</summary>
    /// <param name="args">Settings as <c>--Name=value</c>; they override the environment.</param>
    /// <param name="configure">Changes what was composed, last of all.</param>
    /// <exception cref="SettingsException">Settings are missing or wrong; all of them are named.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder([WithoutWatching, .. args]);
        AddLocalSettings(builder);
        var settings = AddServices(builder, out var problems);
        if (settings.Kind == HostKind.Azure)
        {
            problems = [.. problems, "Hosting__Kind must be kestrel, lambda or webadapter: on Azure Functions run Bibind.Functions.Azure."];
        }

        builder.WebHost.UseUrls([.. settings.Urls]);
        HostLogging.AddConsole(builder.Logging);

        configure?.Invoke(builder);
        var app = builder.Build();
        SettingsCheck.ThrowIfAny(problems, app.Services);
        UseFunctions(app);
        return app;
    }

    /// <summary>Adds everything that the functions need, whoever calls them.</summary>
    /// <param name="builder">Where to; its configuration has the settings.</param>
    /// <param name="problems">What is wrong with the settings; with any, what is built is not to be used.</param>
    internal static HostSettings AddServices(IHostApplicationBuilder builder, out IReadOnlyList<string> problems)
    {
        var settings = HostSettings.Read(builder.Configuration, out problems);
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = BodyLimits.Discarded;
        });
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        HostLogging.HideRequestPaths(builder.Logging);

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHostedService<StartNotes>();
        builder.Services.AddSingleton(settings).AddSingleton(settings.Callers)
            .AddSignIn(settings.SignIn);
        builder.Services.AddSingleton(_ => ControlPlaneServices.CreateDataSource(settings.ControlDatabase)).AddControlPlane(builder.Configuration).AddKeySources(builder.Configuration);
        builder.Services.AddKeyedSingleton(ConnectionPools.Hub, (_, _) => PostgresTaskHub.CreateDataSource(settings.ControlDatabase)).AddSingleton<ConnectionPools>();
        builder.Services.AddActivities(builder.Configuration);
        builder.Services.AddEngine(settings);
        builder.AddHosting(settings);
        builder.AddQueues();
        builder.Services.AddSingleton<CommandTransaction>().AddSingleton<TenantOrdering>().AddSingleton<DomainOrdering>()
            .AddSingleton<BackupOrdering>().AddSingleton<MoveOrdering>().AddSingleton<UpgradeOrdering>().AddSingleton<RolloutOrdering>().AddSingleton<ModuleOrdering>().AddSingleton<SuspensionOrdering>().AddSingleton<ISubscriptionOrdering>(s => s.GetRequiredService<SuspensionOrdering>()).AddSingleton<CredentialOrdering>().AddSingleton<SupportOrdering>().AddSingleton<DatabaseOrdering>().AddSingleton<PurchaseOrdering>()
            .AddSingleton<SubscriptionFollower>().AddSingleton<SubscriptionOrdering>().AddSingleton<RecordOrdering>().AddSingleton<DeliveryNotes>().AddSingleton<RegistrationOrdering>()
            .AddSingleton<LimitOrdering>().AddSingleton<TrialOrdering>().AddSingleton<BringBackOrdering>().AddSingleton<StagingOrdering>()
            .AddSingleton<JobCancelling>().AddSingleton<JobSteering>().AddSingleton<JobPurging>().AddSingleton<JobReader>().AddSingleton<JobRetries>().AddSingleton<JobActionDispatcher>().AddSingleton<OrderReplay>().AddSingleton<JobStreams>();
        builder.Services.AddSingleton<ConnectionTest>().AddSingleton<ApplicationProbe>().AddSingleton<DatabaseProbe>();
        builder.Services.AddSingleton<FileStoreDisk>().AddSingleton<ServerHealthCheck>().AddSingleton<ServerHealthRound>().AddSingleton<ServerMetrics>().AddSingleton<WarmPoolMetrics>();
        builder.Services.AddSingleton<UsageRound>().AddSingleton<UsageMetrics>().AddSingleton<RolloutMetrics>().AddSingleton<TenantCheckMetrics>().AddSingleton<ReconciliationMetrics>();
        builder.Services.AddOptions<UsageOptions>().Bind(builder.Configuration.GetSection(UsageOptions.Section));
        builder.Services.AddOptions<JobOptions>().Bind(builder.Configuration.GetSection(JobOptions.Section)).PostConfigure(jobs =>
        {
            if (settings.Kind.IsFunctionHost())
            {
                jobs.LimitToFunctions(settings.Kind.TakesAnswersWhole());
            }
        });
        builder.Services.AddOptions<LimitOptions>().Bind(builder.Configuration.GetSection(LimitOptions.Section));
        builder.Services.AddSingleton<AlertRules>().AddSingleton<AlertMetrics>().AddSingleton<StatusPage>();
        builder.Services.AddOptions<AlertOptions>().Bind(builder.Configuration.GetSection(AlertOptions.Section))
            .Validate(o => o.Off.All(AlertKinds.All.Contains), $"Alerts__Off__N must be one of {string.Join(", ", AlertKinds.All)}.").ValidateOnStart();
        builder.Services.AddOptions<ServerHealthOptions>().Bind(builder.Configuration.GetSection(ServerHealthOptions.Section));
        builder.Services.AddSingleton<IReadinessCheck, ControlDatabaseCheck>().AddSingleton<IReadinessCheck, TaskHubCheck>()
            .AddSingleton<IReadinessCheck, ServerRolesCheck>().AddSingleton<IReadinessCheck, DatabaseListsCheck>();
        builder.Services.AddSingleton<ClockCheck>().AddSingleton<IReadinessCheck>(services => services.GetRequiredService<ClockCheck>());
        builder.Services.AddSingleton<Seed>().AddSingleton<ControlPlaneStart>()
            .AddSingleton<IControlPlaneReadiness>(services => services.GetRequiredService<ControlPlaneStart>())
            .AddHostedService(services => services.GetRequiredService<ControlPlaneStart>());
        if (settings.Engine.Engine == DurableEngine.Postgres)
        {
            builder.Services.AddSingleton<LimitsCheck>().AddSingleton<IReadinessCheck>(services => services.GetRequiredService<LimitsCheck>())
                .AddHostedService(services => services.GetRequiredService<LimitsCheck>());
        }

        builder.Services.AddOptions<TimerOptions>().Bind(builder.Configuration.GetSection(TimerOptions.Section))
            .Validate(o => o.SweepInterval >= TimeSpan.FromSeconds(1), "Timers__SweepInterval must be one second at least, such as 00:05:00.")
            .ValidateOnStart();
        builder.AddWebConsole();
        builder.Services.AddApiDocument();
        builder.AddTelemetry(settings);

        return settings;
    }

    /// <summary>Runs the host until it is told to stop; answers the exit code.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(() => Build(args));

    /// <summary>Runs what is built until it is told to stop; answers the exit code.</summary>
    internal static async Task<int> RunAsync(Func<IHost> build)
    {
        try
        {
            var host = build();
            await using var disposing = (IAsyncDisposable)host;
            await StartAsync(host);
            await host.WaitForShutdownAsync();
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
        catch (IOException listening) when (StartException.IsSaidInWords(listening))
        {
            return await FailAsync($"{listening.Message} Set Urls to another address, or end what listens there.", StartException.ExitCode);
        }
    }

    // What has begun is stopped if the rest cannot: else each background service would log that it was interrupted.
    private static async Task StartAsync(IHost host)
    {
        try
        {
            await host.StartAsync();
        }
        catch
        {
            await host.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>The pipeline of every HTTP function, from the request to the answer.</summary>
    internal static void UseFunctions(IApplicationBuilder app)
    {
        app.UseInProcessCalls();
        app.UseMiddleware<RequestLogMiddleware>();
        app.UseMiddleware<SafeHeadersMiddleware>();
        app.UseMiddleware<ProblemsMiddleware>();
        app.UseRoutingOfMethods();
        app.UseAuthorization();
        app.UseMiddleware<ReadinessMiddleware>();
        app.UseMiddleware<AuditMiddleware>();
        app.UseMiddleware<ForgeryMiddleware>();
        app.UseMiddleware<CustomerReachMiddleware>();
        app.UseHosting();
        app.UseEndpoints(Map);
    }

    private static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapHosting();
        routes.MapHealth();
        routes.MapMetrics();
        routes.MapOdooWebhook();
        routes.MapWebhookDeliveries();
        routes.MapNotices();
        routes.MapWebhookEndpoints();
        routes.MapCustomers();
        routes.MapRegistrations();
        routes.MapTokens();
        routes.MapOperatorTokens();
        routes.MapConsoleSessions();
        routes.MapSavedViews();
        routes.MapConsoleSignIn();
        routes.MapAudit();
        routes.MapAcmeChallenges();
        routes.MapTenants();
        routes.MapSuspensions();
        routes.MapSupport();
        routes.MapBringBack();
        routes.MapStaging();
        routes.MapTenantDatabase();
        routes.MapTenantCustomer();
        routes.MapPendingItems();
        routes.MapDomains();
        routes.MapDomainPurchases();
        routes.MapBackups();
        routes.MapMoves();
        routes.MapUpgrades();
        routes.MapRollouts();
        routes.MapTenantModules();
        routes.MapSubscriptions();
        routes.MapBillingMessages();
        routes.MapJobs();
        routes.MapServers();
        routes.MapOffers();
        routes.MapUsage();
        routes.MapReconciliation();
        routes.MapAlerts();
        routes.MapPlans();
        routes.MapTemplates();
        routes.MapTemplateVersions();
        routes.MapOverview();
        routes.MapSettings();
        routes.MapWebConsole();
        // One document, so that another's address is none: it answers as every unknown address does.
        routes.MapOpenApi("/openapi/v1.json").WithName("openApi").WithMetadata(new NeedsNoDatabase());
    }

    /// <summary>The settings that a host has which is started here: the local file, the environment and the command line.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    internal static IConfigurationRoot ReadConfiguration(params string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder([WithoutWatching, .. args]);
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
        await HostComposition.ReportFailedStartAsync(message);
        return exitCode;
    }
}
