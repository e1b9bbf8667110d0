using Bibind.Contracts;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>How far it got; each is set before the act, so that an act whose outcome is unknown counts.</summary>
internal sealed class UpgradeProgress(TaskOrchestrationContext context, UpgradeTenantInput input)
{
    private readonly List<UpgradeStep> _steps = [];

    public TaskOrchestrationContext Context => context;
    public UpgradeTenantInput Input => input;
    public UpgradeBegun? Begun { get; set; }
    public TenantDescriptor? Place { get; set; }
    public Inventory? Inventory { get; set; }
    public DateTime? ClosedAt { get; set; }
    public DateTime? OpenedAt { get; set; }
    public bool HasSafetyBackup { get; set; }
    public bool HandedOver { get; set; }
    public string SafetyBackupId => PreRestoreBackups.IdOf(Place!, UpgradeBackups.Safety);

    public async Task<T> MeasureAsync<T>(string name, Func<Task<T>> step)
    {
        var began = context.CurrentUtcDateTime;
        try
        {
            return await step();
        }
        finally
        {
            _steps.Add(new UpgradeStep(name, (long)(context.CurrentUtcDateTime - began).TotalMilliseconds));
        }
    }

    public UpgradeTenantResult Result(string outcome, string? reason) => new()
    {
        Code = input.Code,
        JobId = input.JobId,
        Outcome = outcome,
        Version = input.Release.Version,
        PreviousVersion = Begun?.PreviousVersion,
        Reason = reason,
        SafetyBackupId = HasSafetyBackup && outcome != UpgradeOutcomes.RolledBack ? SafetyBackupId : null,
        OutageMs = ClosedAt is { } closed ? (long)((OpenedAt ?? context.CurrentUtcDateTime) - closed).TotalMilliseconds : 0,
        Steps = [.. _steps],
        Notes = Inventory is { IsClean: false } left ? [$"Something of the rehearsal is left, and is removed by the next sweep: {Inventories.Words(left)}."] : [],
        Inventory = Inventory,
    };
}
