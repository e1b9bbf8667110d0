using System.Collections.Frozen;

namespace Bibind.Contracts;

/// <summary>
/// Steps that undo, remove, prove or record something, or see others through: nobody gives them up early, for that would leave behind what they are
/// there to end. They are tried for half an hour and longer.
/// </summary>
public static class ClosingSteps
{
    /// <summary>Their names.</summary>
    public static FrozenSet<string> Names { get; } = FrozenSet.ToFrozenSet(
        [
            Application.ResetAddress.Name,
            Backup.DeleteOne.Name,
            Backup.DeleteAll.Name,
            BackupJobs.EndBackup.Name,
            BackupJobs.EndVerify.Name,
            BackupJobs.EndRestore.Name,
            BackupJobs.SettleRestore.Name,
            BackupJobs.EndResume.Name,
            BackupJobs.NextNight.Name,
            BackupJobs.StartDue.Name,
            Certificates.Revoke.Name,
            CredentialResets.Complete.Name,
            CredentialResets.End.Name,
            Credentials.Forget.Name,
            Database.Drop.Name,
            Dns.DeleteRecord.Name,
            DomainPurchases.End.Name,
            Domains.End.Name,
            Domains.Forget.Name,
            FileStore.Remove.Name,
            Moves.Unfreeze.Name,
            Moves.SwitchBack.Name,
            Moves.End.Name,
            Moves.TakeInventory.Name,
            Moves.EndRemoval.Name,
            Moves.DrainNext.Name,
            Moves.EndDrain.Name,
            PlanChanges.End.Name,
            Rollouts.Advance.Name,
            Routing.Withdraw.Name,
            Storage.DeleteBucket.Name,
            SupportAccesses.Look.Name,
            SupportAccesses.Open.Name,
            SupportAccesses.RemoveAccount.Name,
            SupportAccesses.End.Name,
            Suspensions.TakeBack.Name,
            Suspensions.End.Name,
            Suspensions.KeepSuspended.Name,
            Suspensions.EndLift.Name,
            Templates.DropDatabase.Name,
            Templates.MarkFailed.Name,
            TemplateVersions.MarkFailed.Name,
            TemplateVersions.Refuse.Name,
            TemplateVersions.EndRetirement.Name,
            TemplateVersions.TakeInventory.Name,
            TenantModules.FindWayBack.Name,
            TenantModules.End.Name,
            Tenants.Deactivate.Name,
            Tenants.MarkFailed.Name,
            Tenants.EndDestroy.Name,
            Tenants.TakeInventory.Name,
            Upgrades.DropCopy.Name,
            Upgrades.TakeInventory.Name,
            Upgrades.Pass.Name,
            Upgrades.End.Name,
            Upgrades.EndRollback.Name,
        ],
        StringComparer.Ordinal);
}
