using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The orchestrators that endpoints, messages and timers start.</summary>
public static class Orchestrations
{
    public static readonly OrchestratorDefinition<ProvisionTenantOrder, TenantReady> ProvisionTenant = new("ProvisionTenant.2");

    /// <summary>Those that were started when the first backup came before the activation; none is started any more.</summary>
    public static readonly OrchestratorDefinition<ProvisionTenantOrder, TenantReady> ProvisionTenantV1 = new("ProvisionTenant");
    public static readonly OrchestratorDefinition<DestroyTenantOrder, TenantDestroyed> DestroyTenant = new("DestroyTenant");
    public static readonly OrchestratorDefinition<CreateTemplateOrder, TemplateReady> CreateTemplate = new("CreateTemplate");
    public static readonly OrchestratorDefinition<BuildVersionOrder, TemplateReady> BuildTemplateVersion = new("BuildTemplateVersion");
    public static readonly OrchestratorDefinition<PromoteVersionOrder, VersionPromoted> PromoteTemplateVersion = new("PromoteTemplateVersion");
    public static readonly OrchestratorDefinition<CreateTemplateOrder, VersionRetired> RetireTemplateVersion = new("RetireTemplateVersion");
    public static readonly OrchestratorDefinition<SweepOrder, Unit> Sweep = new("Sweep");
    public static readonly OrchestratorDefinition<DomainOrder, DomainOutcome> AddDomain = new("AddDomain");
    public static readonly OrchestratorDefinition<DomainOrder, DomainOutcome> RemoveDomain = new("RemoveDomain");
    public static readonly OrchestratorDefinition<BuyDomainOrder, DomainBought> BuyDomain = new("BuyDomain");
    public static readonly OrchestratorDefinition<RenewalRound, Unit> RenewCertificates = new("RenewCertificates");
    public static readonly OrchestratorDefinition<BackUpTenantOrder, TenantBackedUp> BackUpTenant = new("BackUpTenant");
    public static readonly OrchestratorDefinition<RestoreTenantOrder, TenantRestored> RestoreTenant = new("RestoreTenant.2");

    /// <inheritdoc cref="ProvisionTenantV1"/>
    public static readonly OrchestratorDefinition<RestoreTenantOrder, TenantRestored> RestoreTenantV1 = new("RestoreTenant");
    public static readonly OrchestratorDefinition<ResumeTenantOrder, TenantResumed> ResumeTenant = new("ResumeTenant");
    public static readonly OrchestratorDefinition<RestoreNewTenantOrder, TenantReady> RestoreNewTenant = new("RestoreNewTenant.2");

    /// <inheritdoc cref="ProvisionTenantV1"/>
    public static readonly OrchestratorDefinition<RestoreNewTenantOrder, TenantReady> RestoreNewTenantV1 = new("RestoreNewTenant");
    public static readonly OrchestratorDefinition<MakeStagingCopyOrder, TenantReady> MakeStagingCopy = new("MakeStagingCopy");

    /// <summary>Its undoing, where it was ended from outside, is that of <see cref="RestoreTenant"/>, whose order it takes.</summary>
    public static readonly OrchestratorDefinition<RestoreTenantOrder, TenantRestored> RefreshStagingCopy = new("RefreshStagingCopy");
    public static readonly OrchestratorDefinition<VerifyBackupOrder, BackupReceipt> VerifyBackup = new("VerifyBackup");
    public static readonly OrchestratorDefinition<ResetCredentialsOrder, CredentialsReset> ResetCredentials = new("ResetCredentials");
    public static readonly OrchestratorDefinition<NightlyBackupsState, Unit> NightlyBackups = new("NightlyBackups");
    public static readonly OrchestratorDefinition<MoveTenantOrder, TenantMoved> MoveTenant = new("MoveTenant");
    public static readonly OrchestratorDefinition<RemoveMovedCopyOrder, Inventory> RemoveMovedCopy = new("RemoveMovedCopy");
    public static readonly OrchestratorDefinition<DrainServerOrder, DrainRound> DrainServer = new("DrainServer");

    /// <summary>May be called as a child: the instance's id is the input's <see cref="UpgradeTenantInput.JobId"/>.</summary>
    public static readonly OrchestratorDefinition<UpgradeTenantInput, UpgradeTenantResult> UpgradeTenant = new("UpgradeTenant");

    /// <inheritdoc cref="UpgradeTenant"/>
    public static readonly OrchestratorDefinition<RollBackUpgradeInput, RollBackUpgradeResult> RollBackUpgrade = new("RollBackUpgrade");
    public static readonly OrchestratorDefinition<RunRolloutOrder, RolloutRound> RunRollout = new("RunRollout");
    public static readonly OrchestratorDefinition<ChangeModulesOrder, ModulesChanged> ChangeModules = new("ChangeModules");
    public static readonly OrchestratorDefinition<SuspendTenantOrder, TenantSuspended> SuspendTenant = new("SuspendTenant");
    public static readonly OrchestratorDefinition<LiftSuspensionOrder, TenantResumed> LiftSuspension = new("LiftSuspension");
    public static readonly OrchestratorDefinition<ChangePlanOrder, PlanChanged> ChangePlan = new("ChangePlan");
    public static readonly OrchestratorDefinition<PendingRound, Unit> WorkOffPendingItems = new("WorkOffPendingItems");
    public static readonly OrchestratorDefinition<WarmPoolOrder, Unit> KeepWarmPools = new("KeepWarmPools");
    public static readonly OrchestratorDefinition<SupportAccessOrder, SupportAccessEnded> SupportAccess = new("SupportAccess");
    public static readonly OrchestratorDefinition<CancelledJob, Unit> EndCancelledJob = new("EndCancelledJob");
}
