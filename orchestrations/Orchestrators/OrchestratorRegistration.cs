using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Orchestrators;

/// <summary>Makes the decisions known to a worker.</summary>
public static class OrchestratorRegistration
{
    /// <summary>Adds every orchestrator under its typed name.</summary>
    public static TaskRegistry AddOrchestrators(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddOrchestrator(Orchestrations.ProvisionTenant, _ => new ProvisionTenant(2))
            .AddOrchestrator(Orchestrations.ProvisionTenantV1, _ => new ProvisionTenant(1))
            .AddOrchestrator(Orchestrations.DestroyTenant, _ => new DestroyTenant())
            .AddOrchestrator(Orchestrations.CreateTemplate, _ => new CreateTemplate())
            .AddOrchestrator(Orchestrations.BuildTemplateVersion, _ => new BuildTemplateVersion())
            .AddOrchestrator(Orchestrations.PromoteTemplateVersion, _ => new PromoteTemplateVersion())
            .AddOrchestrator(Orchestrations.RetireTemplateVersion, _ => new RetireTemplateVersion())
            .AddOrchestrator(Orchestrations.Sweep, _ => new Sweep())
            .AddOrchestrator(Orchestrations.AddDomain, _ => new AddDomain())
            .AddOrchestrator(Orchestrations.RemoveDomain, _ => new RemoveDomain())
            .AddOrchestrator(Orchestrations.BuyDomain, _ => new BuyDomain())
            .AddOrchestrator(Orchestrations.RenewCertificates, _ => new RenewCertificates())
            .AddOrchestrator(Orchestrations.BackUpTenant, _ => new BackUpTenant())
            .AddOrchestrator(Orchestrations.RestoreTenant, _ => new RestoreTenant(2))
            .AddOrchestrator(Orchestrations.RestoreTenantV1, _ => new RestoreTenant(1))
            .AddOrchestrator(Orchestrations.ResumeTenant, _ => new ResumeTenant())
            .AddOrchestrator(Orchestrations.RestoreNewTenant, _ => new RestoreNewTenant(2))
            .AddOrchestrator(Orchestrations.RestoreNewTenantV1, _ => new RestoreNewTenant(1))
            .AddOrchestrator(Orchestrations.MakeStagingCopy, _ => new MakeStagingCopy())
            .AddOrchestrator(Orchestrations.RefreshStagingCopy, _ => new RefreshStagingCopy())
            .AddOrchestrator(Orchestrations.WorkOffPendingItems, _ => new WorkOffPendingItems())
            .AddOrchestrator(Orchestrations.KeepWarmPools, _ => new KeepWarmPools())
            .AddOrchestrator(Orchestrations.VerifyBackup, _ => new VerifyBackup())
            .AddOrchestrator(Orchestrations.ResetCredentials, _ => new ResetCredentials())
            .AddOrchestrator(Orchestrations.MoveTenant, _ => new MoveTenant())
            .AddOrchestrator(Orchestrations.RemoveMovedCopy, _ => new RemoveMovedCopy())
            .AddOrchestrator(Orchestrations.DrainServer, _ => new DrainServer())
            .AddOrchestrator(Orchestrations.UpgradeTenant, _ => new UpgradeTenant())
            .AddOrchestrator(Orchestrations.RollBackUpgrade, _ => new RollBackUpgrade())
            .AddOrchestrator(Orchestrations.RunRollout, _ => new RunRollout())
            .AddOrchestrator(Orchestrations.ChangeModules, _ => new ChangeModules())
            .AddOrchestrator(Orchestrations.SuspendTenant, _ => new SuspendTenant())
            .AddOrchestrator(Orchestrations.LiftSuspension, _ => new LiftSuspension())
            .AddOrchestrator(Orchestrations.ChangePlan, _ => new ChangePlan())
            .AddOrchestrator(Orchestrations.SupportAccess, _ => new SupportAccess())
            .AddOrchestrator(Orchestrations.EndCancelledJob, _ => new EndCancelledJob())
            .AddOrchestrator(Orchestrations.NightlyBackups, _ => new NightlyBackups());
    }
}
