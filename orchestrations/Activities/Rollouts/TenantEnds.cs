using Bibind.Contracts;
using Bibind.ControlPlane.Rollouts;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;

namespace Bibind.Activities.Rollouts;

/// <summary>Says what the end of a tenant's job means for the rollout.</summary>
internal static class TenantEnds
{
    // Row and instance are written together; one that is not there was deleted since, and comes from nowhere again.
    private static readonly TimeSpan UnknownLimit = TimeSpan.FromHours(1);

    /// <summary>Null while the job goes on.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="state">Its job's orchestration; null if the task hub does not know it.</param>
    /// <param name="now">By our clock.</param>
    public static RolloutTenantEnd? Of(RolloutTenant tenant, OrchestrationState? state, DateTimeOffset now) => state switch
    {
        null => tenant.StartedAt + UnknownLimit < now ? Failed(tenant, $"The task hub does not know the orchestration of job '{tenant.JobId}' any more: look at the tenant.") : null,
        { IsCompleted: false } => null,
        { RuntimeStatus: OrchestrationRuntimeStatus.Completed } => tenant.IsRollback ? Of(tenant, state.ReadOutputAs<RollBackUpgradeResult>()) : Of(tenant, state.ReadOutputAs<UpgradeTenantResult>()),
        { RuntimeStatus: OrchestrationRuntimeStatus.Terminated } => Failed(tenant, "The orchestration of its job was ended from outside: the job says what becomes of the tenant."),
        _ => Failed(tenant, state.FailureDetails?.ErrorMessage ?? "Its job failed without saying why: look at the tenant."),
    };

    private static RolloutTenantEnd Of(RolloutTenant tenant, UpgradeTenantResult? result) => result switch
    {
        null => Failed(tenant, "Its job ended without saying how: look at the tenant."),
        { Succeeded: true } => End(tenant, RolloutTenantStates.Succeeded) with { OutageMs = result.OutageMs },
        { Outcome: UpgradeOutcomes.Refused } => End(tenant, RolloutTenantStates.Pending) with { IsRefused = true, Reason = result.Reason },
        { Outcome: UpgradeOutcomes.RolledBack } => End(tenant, RolloutTenantStates.RolledBack) with { IsFailure = true, Reason = result.Reason, OutageMs = result.OutageMs },
        _ => Failed(tenant, result.Reason ?? $"Its upgrade ended as {result.Outcome}.") with { OutageMs = result.OutageMs },
    };

    private static RolloutTenantEnd Of(RolloutTenant tenant, RollBackUpgradeResult? result) => result switch
    {
        null => Failed(tenant, "The job that takes its upgrade back ended without saying how: look at the tenant."),
        { Outcome: UpgradeOutcomes.RolledBack } => End(tenant, RolloutTenantStates.RolledBack) with { Reason = tenant.Reason },
        { Outcome: UpgradeOutcomes.Refused } => End(tenant, RolloutTenantStates.Succeeded) with { Reason = $"It was not taken back: {result.Reason}" },
        _ => Failed(tenant, result.Reason ?? "It could not be taken back."),
    };

    private static RolloutTenantEnd Failed(RolloutTenant tenant, string reason) => End(tenant, RolloutTenantStates.Failed) with { IsFailure = true, Reason = reason };

    private static RolloutTenantEnd End(RolloutTenant tenant, string state) => new() { TenantId = tenant.TenantId, JobId = tenant.JobId!, State = state };
}
