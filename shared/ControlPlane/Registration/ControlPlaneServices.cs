using Bibind.ControlPlane.Alerts;
using Bibind.ControlPlane.Audit;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Customers;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Hosts;
using Bibind.ControlPlane.Idempotency;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Modules;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Outbox;
using Bibind.ControlPlane.Overview;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Recovery;
using Bibind.ControlPlane.Registrations;
using Bibind.ControlPlane.Rollouts;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Sessions;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Timers;
using Bibind.ControlPlane.Tokens;
using Bibind.ControlPlane.Upgrades;
using Bibind.ControlPlane.Usage;
using Bibind.ControlPlane.UsageLimits;
using Bibind.ControlPlane.Views;
using Bibind.ControlPlane.Webhooks;
using Bibind.Durable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Registration;

/// <summary>Registers the control plane.</summary>
public static class ControlPlaneServices
{
    // Longer than any work that is done under a row's lock, such as giving a tenant's routes back to the proxy.
    private const string IdleLimit = "-c idle_in_transaction_session_timeout=5min";

    /// <summary>A pool of connections to the control database. A process that sleeps within a transaction keeps its locks for five minutes at most.</summary>
    /// <param name="connectionString">The database; options that are given in it win.</param>
    public static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.Options = $"{IdleLimit} {settings.Options}".TrimEnd();
        return NpgsqlDataSource.Create(settings.ConnectionString);
    }

    /// <summary>
    /// Adds the stores and the options of sections <c>Platform</c>, <c>Placement</c> and <c>Secrets</c>, checked at
    /// start. The host registers the control database as the one <see cref="NpgsqlDataSource"/>.
    /// </summary>
    public static IServiceCollection AddControlPlane(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<PlatformOptions>().Bind(configuration.GetSection(PlatformOptions.Section)).ValidateOnStart();
        services.AddOptions<WorkerLeaseOptions>().Bind(configuration.GetSection(WorkerLeaseOptions.Section));
        services.AddOptions<PlacementOptions>().Bind(configuration.GetSection(PlacementOptions.Section)).ValidateOnStart();
        services.AddOptions<MoveOptions>().Bind(configuration.GetSection(MoveOptions.Section))
            .Validate(
                o => o.KeepCopy >= TimeSpan.Zero && o.KeepCopy <= TimeSpan.FromDays(365), "Moves__KeepCopy must be 0 to 365 days, such as 7.00:00:00.")
            .Validate(o => o.AtOnce is >= 1 and <= 100, "Moves__AtOnce must be 1 to 100.")
            .ValidateOnStart();
        services.AddOptions<FormerStateOptions>().Bind(configuration.GetSection(FormerStateOptions.Section))
            .Validate(
                o => o.KeepFormerState >= TimeSpan.Zero && o.KeepFormerState <= TimeSpan.FromDays(365), "Backups__KeepFormerState must be 0 to 365 days, such as 7.00:00:00.")
            .ValidateOnStart();
        services.AddOptions<UpgradeOptions>().Bind(configuration.GetSection(UpgradeOptions.Section))
            .Validate(
                o => o.KeepBackup >= TimeSpan.Zero && o.KeepBackup <= TimeSpan.FromDays(365), "Upgrades__KeepBackup must be 0 to 365 days, such as 7.00:00:00.")
            .ValidateOnStart();
        services.AddOptions<RolloutOptions>().Bind(configuration.GetSection(RolloutOptions.Section))
            .Validate(o => o.MaxConcurrent is >= 1 and <= 100, "Rollouts__MaxConcurrent must be 1 to 100.")
            .Validate(
                o => o.Interval >= TimeSpan.FromMilliseconds(100) && o.Interval <= TimeSpan.FromHours(1), "Rollouts__Interval must be 0.1 seconds to one hour, such as 00:00:05.")
            .ValidateOnStart();
        services.AddOptions<ModuleOptions>().Bind(configuration.GetSection(ModuleOptions.Section))
            .Validate(
                o => o.CallLimit >= TimeSpan.FromSeconds(10) && o.CallLimit <= TimeSpan.FromHours(2), "Modules__CallLimit must be ten seconds to two hours, such as 00:10:00.")
            .Validate(
                o => o.ReadLimit >= TimeSpan.FromSeconds(1) && o.ReadLimit <= TimeSpan.FromMinutes(1), "Modules__ReadLimit must be one second to one minute, such as 00:00:10.")
            .ValidateOnStart();
        services.AddOptions<WebhookOptions>().Bind(configuration.GetSection(WebhookOptions.Section))
            .Validate(
                o => o.RepeatWindow >= TimeSpan.Zero && o.RepeatWindow <= TimeSpan.FromDays(30), "Webhooks__RepeatWindow must be 0 to 30 days, such as 00:10:00.")
            .Validate(
                o => o.KeepFor >= TimeSpan.FromHours(1) && o.KeepFor <= TimeSpan.FromDays(365), "Webhooks__KeepFor must be one hour to 365 days, such as 30.00:00:00.")
            .ValidateOnStart();
        services.AddOptions<RegistrationOptions>().Bind(configuration.GetSection(RegistrationOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RegistrationOptions>, RegistrationOptionsValidation>();
        services.AddOptions<SupportOptions>().Bind(configuration.GetSection(SupportOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SupportOptions>, SupportOptionsValidation>();
        services.AddOptions<StagingOptions>().Bind(configuration.GetSection(StagingOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<StagingOptions>, StagingOptionsValidation>();
        services.AddOptions<AuditOptions>().Bind(configuration.GetSection(AuditOptions.Section))
            .Validate(
                o => o.KeepFor >= TimeSpan.FromDays(1) && o.KeepFor <= TimeSpan.FromDays(3650), "Audit__KeepFor must be one day to 3650 days, such as 400.00:00:00.")
            .ValidateOnStart();
        services.AddOptions<SecretsOptions>().Bind(configuration.GetSection(SecretsOptions.Section)).ValidateOnStart();
        services.AddOptions<NoticeOptions>().Bind(configuration.GetSection(NoticeOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NoticeOptions>, NoticeOptionsValidation>();
        services.AddOptions<ReconciliationOptions>().Bind(configuration.GetSection(ReconciliationOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReconciliationOptions>, ReconciliationOptionsValidation>();
        services.AddSingleton<IValidateOptions<PlatformOptions>, PlatformOptionsValidation>();
        services.AddSingleton<IValidateOptions<PlacementOptions>, PlacementOptionsValidation>();
        services.AddSingleton<IValidateOptions<SecretsOptions>, SecretsOptionsValidation>();
        services.AddSingleton<IKeySource, FileKeySource>().AddSingleton<IPostConfigureOptions<SecretsOptions>, KeyReferences>();

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ControlDatabaseMigrator>();
        services.AddSingleton<InstallationHome>();
        services.AddSingleton<ControlBackups>().AddSingleton<HostLimits>();
        services.AddSingleton<LocalSecretStore>().AddSingleton<MasterKeyCheck>().AddSingleton<SecretRotation>();
        services.AddSingleton<ISecretStore>(s => s.GetRequiredService<LocalSecretStore>());
        services.AddSingleton<IOneTimeReveal>(s => s.GetRequiredService<LocalSecretStore>());
        services.AddSingleton<OverviewStore>().AddSingleton<ServerStore>().AddSingleton<ServerLogins>().AddSingleton<ServerChanges>().AddSingleton<ServerHealthStore>().AddSingleton<BestServer>();
        services.AddSingleton<IServerDirectory, ServerDirectory>();
        services.AddSingleton<TemplateStore>().AddSingleton<TemplateVersionStore>().AddSingleton<TemplatePromotions>().AddSingleton<TemplateRetirements>().AddSingleton<TemplateTenants>();
        services.AddSingleton<ITemplateDirectory>(s => s.GetRequiredService<TemplateStore>());
        services.AddSingleton<DatabaseRegister>().AddSingleton<DatabaseAdoptions>();
        services.AddSingleton<IDatabaseRegister>(s => s.GetRequiredService<DatabaseRegister>());
        services.AddSingleton<WarmPoolStore>().AddSingleton<WarmPoolViews>().AddSingleton<TemplatePoolSizes>();
        services.AddSingleton<IWarmPools>(s => s.GetRequiredService<WarmPoolStore>());
        services.AddSingleton<CloneTimes>().AddSingleton<ICloneTimes>(s => s.GetRequiredService<CloneTimes>());
        services.AddSingleton<OfferStore>();
        services.AddSingleton<PlanStore>();
        services.AddSingleton<IPlanLimits>(s => s.GetRequiredService<PlanStore>());
        services.AddSingleton<Reservations>().AddSingleton<OrderCatalogue>().AddSingleton<TenantCredentialJobs>().AddSingleton<TimerLocks>().AddSingleton<WebhookLog>();
        services.AddSingleton<TenantStore>().AddSingleton<CustomerTenants>();
        services.AddSingleton<TenantLifecycle>();
        services.AddSingleton<TenantDeactivation>();
        services.AddSingleton<AbandonedTenants>().AddSingleton<EndedTenants>();
        services.AddSingleton<RoutedTenants>().AddSingleton<RouteWatchTurns>();
        services.AddSingleton<JobStore>().AddSingleton<JobOrchestrations>().AddSingleton<AbandonedJobs>().AddSingleton<JobActions>().AddSingleton<JobOrders>().AddSingleton<JobRetention>().AddSingleton<IOrchestrationOutbox, OrchestrationOutbox>();
        services.AddSingleton<MoveStore>().AddSingleton<IMovedCopies>(s => s.GetRequiredService<MoveStore>()).AddSingleton<MoveOpening>().AddSingleton<MoveLifecycle>().AddSingleton<DrainStore>();
        services.AddSingleton<UpgradeStore>().AddSingleton<IUpgradeTransactions>(s => s.GetRequiredService<UpgradeStore>()).AddSingleton<UpgradeOpening>().AddSingleton<UpgradeLifecycle>();
        services.AddSingleton<RolloutStore>().AddSingleton<RolloutOpening>().AddSingleton<RolloutSteering>().AddSingleton<IRolloutProgress, RolloutProgress>();
        services.AddSingleton<TenantModuleStore>();
        services.AddSingleton<SuspensionStore>().AddSingleton<ISuspensions>(s => s.GetRequiredService<SuspensionStore>()).AddSingleton<SuspensionOpening>().AddSingleton<SuspensionLifecycle>().AddSingleton<PlanChangeOpening>();
        services.AddSingleton<SupportAccessStore>().AddSingleton<ISupportAccounts>(s => s.GetRequiredService<SupportAccessStore>()).AddSingleton<SupportSecrets>().AddSingleton<SupportOpening>().AddSingleton<SupportLifecycle>();
        services.AddSingleton<StagingStore>().AddSingleton<StagingOpening>();
        services.AddSingleton<SubscriptionStore>().AddSingleton<SubscriptionViews>().AddSingleton<SubscriptionRounds>().AddSingleton<SubscriptionReminders>();
        services.AddSingleton<PendingItems>();
        services.AddSingleton<UsageRounds>().AddSingleton<UsageStore>();
        services.AddSingleton<TenantChecks>().AddSingleton<TenantChanges>().AddSingleton<LimitRounds>().AddSingleton<LimitStore>();
        services.AddSingleton<ReconciliationRounds>().AddSingleton<ReconciliationFindings>().AddSingleton<ReconciliationRepairs>().AddSingleton<ReconciliationViews>();
        services.AddSingleton<IBackupCatalogue, BackupCatalogue>();
        services.AddSingleton<BackupStore>();
        services.AddSingleton<FormerStates>();
        services.AddSingleton<BackupJobOpening>();
        services.AddSingleton<TrialLog>();
        services.AddSingleton<TrialSchedule>().AddSingleton<MissingBackups>();
        services.AddSingleton<AlertStore>().AddSingleton<AlertSources>();
        services.AddSingleton<BackupJobEnding>();
        services.AddSingleton<ChallengeStore>();
        services.AddSingleton<IssuanceBudget>();
        services.AddSingleton<CertificateRegister>().AddSingleton<CertificateHalves>().AddSingleton<ProofLedger>();
        services.AddSingleton<DomainStore>().AddSingleton<DomainLifecycle>().AddSingleton<DomainPurchaseStore>();
        services.AddSingleton<ITenantDomains>(s => s.GetRequiredService<DomainStore>());
        services.AddSingleton<IdempotencyStore>();
        services.AddSingleton<INotices, NoticeRaising>().AddSingleton<NoticeQueue>().AddSingleton<NoticeStore>().AddSingleton<WebhookEndpointStore>().AddSingleton<CustomerStore>();
        services.AddSingleton<WebhookDeliveries>().AddSingleton<WebhookEventLedger>().AddSingleton<TokenUseStore>().AddSingleton<OperatorTokenStore>().AddSingleton<SavedViewStore>();
        services.AddSingleton<ConsoleSessionStore>().AddSingleton<SignInLimits>().AddSingleton<AuditStore>();
        services.AddSingleton<RegistrationStore>().AddSingleton<RegistrationTokens>().AddSingleton<RegistrationLimits>().AddSingleton<RegistrationRounds>();
        services.AddSingleton<TimerLedger>().AddSingleton<WakeUpLedger>();
        return services;
    }
}
