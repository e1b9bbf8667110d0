using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Takes an upgrade back: a restore of its safety backup in place, with a backup of what is there now before. It answers a result for
/// failures too, so that whoever calls it as a child counts them.
/// </summary>
public sealed class RollBackUpgrade : TaskOrchestrator<RollBackUpgradeInput, RollBackUpgradeResult>
{
    /// <inheritdoc/>
    public override async Task<RollBackUpgradeResult> RunAsync(TaskOrchestrationContext context, RollBackUpgradeInput input)
    {
        RollbackBegun begun;
        try
        {
            begun = await context.CallActivityAsync(Upgrades.BeginRollback, input);
        }
        catch (TaskFailedException failure)
        {
            return Result(UpgradeOutcomes.Refused, failure.Reason);
        }

        try
        {
            var began = context.CurrentUtcDateTime;
            var order = new RestoreTenantOrder { TenantId = input.TenantId, JobId = input.JobId, Code = input.Code, BackupId = begun.BackupId };
            var restored = await new RestoreTenant(2).RunAsync(context, order);
            await context.CallActivityAsync(Upgrades.EndRollback, input);
            return Result(UpgradeOutcomes.RolledBack, null) with
            {
                Version = begun.Version,
                OutageMs = (long)(context.CurrentUtcDateTime - began).TotalMilliseconds,
                Notes = [.. restored.Notes, $"What the tenant was until now is in backup '{restored.SafetyBackupId}'."],
            };
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException)
        {
            return Result(UpgradeOutcomes.Failed, Reasons.Of(failure));
        }

        RollBackUpgradeResult Result(string outcome, string? reason) => new() { Code = input.Code, JobId = input.JobId, Outcome = outcome, Reason = reason };
    }
}
