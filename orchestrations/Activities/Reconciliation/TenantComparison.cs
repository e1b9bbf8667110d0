using Bibind.Contracts;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;

namespace Bibind.Activities.Reconciliation;

/// <summary>Compares what the control database itself says of a tenant: billing's view with the tenant's state, and whether a backup is missing.</summary>
public static class TenantComparison
{
    /// <summary>What differs.</summary>
    public static IEnumerable<Observation> Compare(ReconciledTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return tenant.HasEnded ? [] : CompareBilling(tenant).Concat(CompareBackup(tenant));
    }

    private static IEnumerable<Observation> CompareBilling(ReconciledTenant reconciled)
    {
        var (tenant, facts) = (reconciled.Tenant, reconciled.Facts);
        if (facts.Subscription is not { } state || facts.IsToFollow)
        {
            yield break;
        }

        var why = facts.FollowReason is { } reason ? $" It does not follow: {reason}" : string.Empty;
        switch (new Subscription { State = state }.Wish)
        {
            case TenantWish.Removed:
                yield return new Observation(FindingKinds.CancelledRunning, tenant.Code, $"The subscription is {state}, and the tenant is {tenant.State}.{why}");
                break;
            case TenantWish.Closed when tenant.State == TenantStates.Active:
                yield return new Observation(FindingKinds.UnpaidOpen, tenant.Code, $"The subscription is {state}, and the tenant is {tenant.State}.{why}");
                break;

            // What an operator suspended stays so through payments.
            case TenantWish.Open when tenant.State == TenantStates.Suspended && tenant.SuspensionCause != SuspensionCauses.Operator:
                yield return new Observation(
                    FindingKinds.PaidSuspended, tenant.Code,
                    $"The subscription is {state}, and the tenant is suspended{(tenant.SuspensionCause is null ? " because a job failed" : " for a payment")}: {tenant.SuspensionReason ?? tenant.Reason ?? "nobody said why"}.{why}");
                break;
        }
    }

    // What lacks one is looked for elsewhere, with its notice; here it is listed beside what else differs.
    private static IEnumerable<Observation> CompareBackup(ReconciledTenant reconciled)
    {
        if (reconciled.Facts.MissingBackup is { } reason)
        {
            var last = reconciled.Facts.LastBackupAt is { } at ? $"The newest good backup is of {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC." : "There is no good backup.";
            yield return new Observation(FindingKinds.BackupMissing, reconciled.Tenant.Code, $"{last} {reason}");
        }
    }
}
