using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Application.Odoo.Modules;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Backup.Jobs;
using Bibind.Activities.Callers;
using Bibind.Activities.Certificates;
using Bibind.Activities.Credentials;
using Bibind.Activities.Credentials.Resets;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Dns;
using Bibind.Activities.Domains;
using Bibind.Activities.Domains.Registrars;
using Bibind.Activities.FileStores;
using Bibind.Activities.Inventory;
using Bibind.Activities.Jobs;
using Bibind.Activities.Locks;
using Bibind.Activities.Moves;
using Bibind.Activities.Notices;
using Bibind.Activities.Pools;
using Bibind.Activities.Reconciliation;
using Bibind.Activities.Rollouts;
using Bibind.Activities.Routing;
using Bibind.Activities.Routing.Caddy;
using Bibind.Activities.Routing.Nginx;
using Bibind.Activities.Staging;
using Bibind.Activities.Storage;
using Bibind.Activities.Storage.S3;
using Bibind.Activities.Storage.S3.Rgw;
using Bibind.Activities.Support;
using Bibind.Activities.Suspensions;
using Bibind.Activities.Templates;
using Bibind.Activities.Templates.Versions;
using Bibind.Activities.Tenants;
using Bibind.Activities.Upgrades;
using Bibind.Activities.Usage;
using Bibind.Durable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Registration;

/// <summary>Registers activities and their services.</summary>
public static class ActivitiesRegistration
{
    /// <summary>
    /// Adds every activity with its providers and options. The host brings <c>IServerDirectory</c>, <c>ISecretStore</c>,
    /// <c>ITenantDomains</c>, <c>IBackupCatalogue</c>, <c>ISuspensions</c> and <c>ITemplateDirectory</c>; a provider that it registers before stays.
    /// </summary>
    public static IServiceCollection AddActivities(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        AddOptions(services, configuration);

        services.TryAddSingleton(TimeProvider.System);
        AddDns(services, configuration);
        AddCertificates(services, configuration);
        DomainsRegistration.Add(services, configuration);
        services.TryAddSingleton<ITenantLogins, TenantRoleLogins>();
        services.AddSingleton<PostgresConnector>();
        AddTenantIsolation(services, configuration);
        services.AddSingleton<AdoptableDatabases>().AddSingleton<OlderDatabases>();
        services.AddSingleton<TenantBucket>();
        services.AddSingleton<DatabaseRemoval>().AddSingleton<CopyPlaces>().AddSingleton<MovePlaces>().AddSingleton<MovedCopies>().AddMoves().AddUpgrades().AddSuspensions().AddSupport().AddSingleton<StagingKeeper>().AddSingleton<JobUndoing>();
        services.AddSingleton<TenantDatabases>().AddSingleton<TakeInventory>().AddSingleton<Recovery.WorldDifferences>().AddSingleton<LateLeftovers>();
        services.AddSingleton<CallbackClient>().AddSingleton<NoticeTemplates>().AddSingleton<MailSender>().AddSingleton<WebhookSender>().AddSingleton<NoticeSender>();
        services.AddSingleton<IApplication, OdooApplication>().AddSingleton<ApplicationProviders>();
        services.AddSingleton<OdooRpc>().AddSingleton<OdooJson>().AddSingleton<OdooUserCalls>().AddSingleton<OdooModuleCalls>().AddSingleton<ModuleCalls>().AddSingleton<TenantModuleReader>();
        services.AddSingleton<OdooBin>().AddSingleton<StagingNeutraliser>().AddSingleton<OdooDatabaseService>().AddSingleton<TemplateDatabase>();
        services.AddSingleton<TemplateFiles>().AddSingleton<TemplateLook>().AddSingleton<TemplateSeal>().AddSingleton<RetiredVersions>().AddSingleton<VersionDatabases>();
        services.AddSingleton<PreparedPasswords>();
        services.AddHostedService(provider => provider.GetRequiredService<PreparedPasswords>());
        AddOdooClient(services);
        AddStorage(services, configuration);
        AddRouting(services, configuration);
        AddFileStores(services, configuration);
        AddBackups(services, configuration);
        services.AddOptions<WarmPoolOptions>().Bind(configuration.GetSection(WarmPoolOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WarmPoolOptions>, WarmPoolOptionsValidation>();
        return services;
    }

    /// <summary>Registers every activity under its typed name, those on the tenant's row included.</summary>
    public static TaskRegistry AddActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.Database.Clone, Make<CloneDatabase>)
            .AddActivity(Contracts.Database.Drop, Make<DropDatabase>)
            .AddActivity(Contracts.FileStore.Copy, Make<CopyFileStore>)
            .AddActivity(Contracts.FileStore.Remove, Make<RemoveFileStore>)
            .AddActivity(Contracts.Credentials.Prepare, Make<PrepareCredentials>)
            .AddActivity(Contracts.Credentials.Forget, Make<ForgetCredentials>)
            .AddActivity(Contracts.CredentialResets.Begin, Make<BeginCredentialReset>)
            .AddActivity(Contracts.CredentialResets.Apply, Make<ResetPasswords>)
            .AddActivity(Contracts.CredentialResets.Complete, Make<CompleteCredentialReset>)
            .AddActivity(Contracts.CredentialResets.End, Make<EndCredentialReset>)
            .AddActivity(Contracts.Dns.CreateRecord, Make<CreateDnsRecord>)
            .AddActivity(Contracts.Dns.DeleteRecord, Make<DeleteDnsRecord>)
            .AddActivity(Contracts.Certificates.Issue, Make<IssueCertificate>)
            .AddActivity(Contracts.Certificates.Revoke, Make<RevokeCertificate>)
            .AddActivity(Contracts.Certificates.Renew, Make<RenewCertificate>)
            .AddActivity(Contracts.Certificates.FindDue, Make<FindDueCertificates>)
            .AddActivity(Contracts.Certificates.FindServed, Make<FindServedTenants>)
            .AddActivity(Contracts.Domains.Check, Make<CheckDomain>)
            .AddActivity(Contracts.Domains.Locate, Make<LocateDomain>)
            .AddActivity(Contracts.Domains.Activate, Make<ActivateDomain>)
            .AddActivity(Contracts.Domains.End, Make<EndDomain>)
            .AddActivity(Contracts.Domains.Forget, Make<ForgetDomain>)
            .AddActivity(Contracts.DomainPurchases.Order, Make<OrderDomain>)
            .AddActivity(Contracts.DomainPurchases.Look, Make<LookAtPurchase>)
            .AddActivity(Contracts.DomainPurchases.Attach, Make<AttachDomain>)
            .AddActivity(Contracts.DomainPurchases.End, Make<EndPurchase>)
            .AddActivity(Contracts.Storage.CreateBucket, Make<CreateBucket>)
            .AddActivity(Contracts.Storage.DeleteBucket, Make<DeleteBucket>)
            .AddActivity(Contracts.Storage.FollowQuotas, Make<FollowQuotas>)
            .AddActivity(Contracts.Routing.Publish, Make<PublishRoute>)
            .AddActivity(Contracts.Routing.Suspend, Make<SuspendRoute>)
            .AddActivity(Contracts.Routing.Withdraw, Make<WithdrawRoute>)
            .AddActivity(Contracts.Routing.Repair, Make<RepairRoutes>)
            .AddActivity(Contracts.Application.Configure, Make<ConfigureApplication>)
            .AddActivity(Contracts.Application.Adopt, Make<AdoptApplication>)
            .AddActivity(Contracts.Application.HandOver, Make<HandOverApplication>)
            .AddActivity(Contracts.Application.CreateStandardUser, Make<CreateStandardUser>)
            .AddActivity(Contracts.Application.SmokeTest, Make<SmokeTestApplication>)
            .AddActivity(Contracts.Application.SetAddress, Make<SetApplicationAddress>)
            .AddActivity(Contracts.Application.ResetAddress, Make<SetApplicationAddress>)
            .AddActivity(Contracts.TenantModules.Look, Make<LookAtModules>)
            .AddActivity(Contracts.TenantModules.Apply, Make<ApplyModules>)
            .AddActivity(Contracts.TenantModules.Verify, Make<VerifyModules>)
            .AddActivity(Contracts.TenantModules.FindWayBack, Make<FindBackup>)
            .AddActivity(Contracts.TenantModules.End, Make<EndModules>)
            .AddActivity(Contracts.Backup.Take, Make<TakeBackup>)
            .AddActivity(Contracts.Backup.CheckRestore, Make<CheckRestore>)
            .AddActivity(Contracts.Backup.Restore, Make<RestoreDatabase>)
            .AddActivity(Contracts.Backup.Verify, Make<VerifyBackup>)
            .AddActivity(Contracts.Backup.SweepTrials, Make<SweepTrials>)
            .AddActivity(Contracts.Backup.DeleteOne, Make<DeleteOneBackup>)
            .AddActivity(Contracts.Backup.DeleteAll, Make<DeleteAllBackups>)
            .AddActivity(Contracts.Tenants.TakeInventory, Make<TakeInventory>)
            .AddActivity(Contracts.Caller.Notify, Make<NotifyCaller>)
            .AddActivity(Contracts.Templates.Check, Make<CheckTemplate>)
            .AddActivity(Contracts.Templates.CreateDatabase, Make<CreateTemplateDatabase>)
            .AddActivity(Contracts.Templates.DropDatabase, Make<DropTemplateDatabase>)
            .AddActivity(Contracts.Templates.Initialise, Make<InitialiseTemplate>)
            .AddActivity(Contracts.Templates.SmokeTest, Make<SmokeTestTemplate>)
            .AddActivity(Contracts.Templates.MarkReady, Make<MarkTemplateReady>)
            .AddActivity(Contracts.Templates.MarkFailed, Make<MarkTemplateFailed>)
            .AddTemplateVersionActivities()
            .AddActivity(Contracts.WarmPools.Plan, Make<PlanWarmPools>)
            .AddActivity(Contracts.WarmPools.Fill, Make<FillWarmPool>)
            .AddActivity(Contracts.WarmPools.Drop, Make<DropWarmPools>)
            .AddBackupJobActivities()
            .AddMoveActivities()
            .AddActivity(Contracts.CancelledJobs.Undo, s => ActivatorUtilities.CreateInstance<UndoCancelledJob>(s))
            .AddUpgradeActivities()
            .AddRolloutActivities()
            .AddSuspensionActivities()
            .AddSupportActivities()
            .AddStagingActivities()
            .AddTenantActivities();
    }

    // Limits stand at each call, and a request's address is logged by us or not at all. A server of ours is neither
    // behind a proxy, nor does it answer by sending us elsewhere.
    private static void AddOdooClient(IServiceCollection services) =>
        services.AddHttpClient(ApplicationProviders.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
            .RemoveAllLoggers();

    private static void AddTenantIsolation(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TenantIsolationOptions>().Bind(configuration.GetSection(TenantIsolationOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TenantIsolationOptions>, TenantIsolationOptionsValidation>();
        services.TryAddSingleton<NamedLocks>();
        services.AddSingleton<TenantRoleLifecycle>().AddSingleton<RepairTenantRoles>();
        services.TryAddSingleton<IDatabasePooler>(provider =>
            provider.GetRequiredService<IOptions<TenantIsolationOptions>>().Value.PgBouncer.Count > 0
                ? ActivatorUtilities.CreateInstance<PgBouncerPooler>(provider)
                : new NoDatabasePooler());
    }

    private static void AddDns(IServiceCollection services, IConfiguration configuration) => DnsRegistration.Add(services, configuration);

    private static void AddCertificates(IServiceCollection services, IConfiguration configuration) =>
        CertificatesRegistration.Add(services, configuration);

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);

    private static void AddStorage(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<StorageOptions>().Bind(configuration.GetSection(StorageOptions.Section))
            .Validate(o => o.Provider is StorageOptions.Local or StorageOptions.S3, "Storage__Provider must be local or s3.")
            .ValidateOnStart();
        services.AddOptions<LocalFolderOptions>().Bind(configuration.GetSection(LocalFolderOptions.Section))
            .Validate(o => !string.IsNullOrWhiteSpace(o.Folder), "Storage__Local__Folder must name a folder.")
            .Validate(o => o.CapacityBytes is null or > 0, "Storage__Local__CapacityBytes must be more than 0, or left out.")
            .ValidateOnStart();
        services.AddOptions<S3Options>().Bind(configuration.GetSection(S3Options.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<S3Options>>(
            new S3OptionsValidation(isUsed: configuration.GetSection(StorageOptions.Section)[nameof(StorageOptions.Provider)] == StorageOptions.S3));
        services.AddSingleton<S3Server>();
        services.AddHttpClient(RgwAdmin.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
            .RemoveAllLoggers();
        services.AddSingleton<RgwAdmin>();
        services.TryAddSingleton<IStorageUsers>(provider =>
            provider.GetRequiredService<IOptions<StorageOptions>>().Value.Provider == StorageOptions.S3
            && provider.GetRequiredService<IOptions<S3Options>>().Value.TenantUsers == S3Options.RgwUsers
                ? ActivatorUtilities.CreateInstance<RgwUsers>(provider)
                : new NoStorageUsers());
        services.TryAddSingleton<IObjectStore>(provider =>
            provider.GetRequiredService<IOptions<StorageOptions>>().Value.Provider == StorageOptions.S3
                ? ActivatorUtilities.CreateInstance<S3ObjectStore>(provider)
                : ActivatorUtilities.CreateInstance<LocalFolderStore>(provider));
        services.TryAddSingleton<IBucketSizes>(provider => provider.GetRequiredService<IStorageUsers>() is RgwUsers
            ? ActivatorUtilities.CreateInstance<RgwBucketSizes>(provider)
            : ActivatorUtilities.CreateInstance<ListedBucketSizes>(provider));
        services.AddSingleton<FileStoreSizes>().AddSingleton<TenantUsageMeter>();
        services.AddSingleton<DatabaseLooks>().AddSingleton<InfrastructureLooks>().AddSingleton<FindingRepair>().AddSingleton<ReconciliationRound>();
    }

    private static void AddRouting(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RoutingOptions>().Bind(configuration.GetSection(RoutingOptions.Section)).ValidateOnStart();
        services.AddOptions<CaddyOptions>().Bind(configuration.GetSection(CaddyOptions.Section)).ValidateOnStart();
        services.AddOptions<NginxOptions>().Bind(configuration.GetSection(NginxOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RoutingOptions>, RoutingOptionsValidation>();
        services.AddSingleton<IValidateOptions<CaddyOptions>, CaddyOptionsValidation>();
        services.AddSingleton<IValidateOptions<NginxOptions>, NginxOptionsValidation>();

        // On this machine or in our own network: never through a proxy. Each request has its own limit.
        services.AddHttpClient(CaddyAdmin.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
            .RemoveAllLoggers();
        services.AddSingleton<RouteRepair>().AddSingleton<RouteWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<RouteWatch>());
        services.AddSingleton<TenantRoutes>();
        services.AddSingleton<RouteProbe>();
        services.AddSingleton<CaddyAdmin>().AddSingleton<CaddyMemory>();
        services.AddSingleton<CaddyChanges>();
        services.AddSingleton<NginxFolder>();
        services.AddSingleton<NginxProgram>();
        services.TryAddSingleton<IRouteProvider>(provider => provider.GetRequiredService<IOptions<RoutingOptions>>().Value.Provider switch
        {
            RoutingOptions.Caddy => ActivatorUtilities.CreateInstance<CaddyRoutes>(provider),
            RoutingOptions.Nginx => ActivatorUtilities.CreateInstance<NginxRoutes>(provider),
            _ => new NoRoute(),
        });
    }

    private static void AddFileStores(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FileStoreOptions>().Bind(configuration.GetSection(FileStoreOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<FileStoreOptions>, FileStoreOptionsValidation>();
        services.TryAddSingleton<IFileStore>(provider =>
            provider.GetRequiredService<IOptions<FileStoreOptions>>().Value.Provider == FileStoreOptions.InFolder
                ? ActivatorUtilities.CreateInstance<FolderFileStore>(provider)
                : new NoFileStore());
    }

    private static void AddBackups(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BackupOptions>().Bind(configuration.GetSection(BackupOptions.Section))
            .Validate(o => ObjectNames.IsBucket(o.Bucket), "Backups__Bucket must be the name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'.")
            .Validate(
                o => o.NightlyAt >= TimeSpan.Zero && o.NightlyAt < TimeSpan.FromDays(1),
                "Backups__NightlyAt must be a time of day in UTC, such as 02:00:00.")
            .ValidateOnStart();
        services.AddSingleton<PgDump>();
        services.AddSingleton<PgRestore>();
        services.AddSingleton<BackupDataKeys>();
        services.AddSingleton<FirstBackups>();
        services.AddSingleton<CreateStandardUser>().AddSingleton<SmokeTestApplication>();
        services.AddSingleton<BackupFiles>().AddSingleton<BackupDeletion>();
        services.AddSingleton<BackupRestore>();
        services.AddSingleton<FileStoreBackup>();
        services.AddSingleton<FileStoreArchives>();
        services.AddSingleton<FileStoreRestore>();
        services.AddSingleton<FileStoreTrial>();
    }

    private static void AddOptions(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CredentialsOptions>().Bind(configuration.GetSection(CredentialsOptions.Section))
            .Validate(o => o.PoolSize is >= 0 and <= 1000, "Credentials__PoolSize must be 0 to 1000.")
            .ValidateOnStart();
        services.AddOptions<TemplateOptions>().Bind(configuration.GetSection(TemplateOptions.Section))
            .Validate(o => !string.IsNullOrWhiteSpace(o.OdooBin), "Templates__OdooBin must name a program.")
            .Validate(
                o => o.InitialisationLimit > TimeSpan.Zero && o.InitialisationLimit <= TimeSpan.FromHours(12),
                "Templates__InitialisationLimit must be more than 0 and at most 12 hours, such as 00:05:00.")
            .ValidateOnStart();
        services.AddOptions<PendingOptions>().Bind(configuration.GetSection(PendingOptions.Section))
            .Validate(o => o.Interval >= TimeSpan.FromSeconds(1), "PendingItems__Interval must be one second at least, such as 00:00:15.")
            .ValidateOnStart();
        services.AddOptions<CallbackOptions>().Bind(configuration.GetSection(CallbackOptions.Section))
            .Validate(
                o => o.Timeout > TimeSpan.Zero && o.Timeout <= TimeSpan.FromMinutes(1),
                "Callbacks__Timeout must be more than 0 and at most one minute, such as 00:00:05.")
            .ValidateOnStart();
    }
}
