using Bibind.ControlPlane.Rollouts;

namespace Bibind.Functions.Http;

/// <summary>A rollout that was accepted.</summary>
/// <param name="Rollout">Its id.</param>
/// <param name="Job">The id of its job.</param>
/// <param name="Tenants">Tenants that belong to a wave.</param>
/// <param name="PassedOver">Tenants that are passed over.</param>
public sealed record RolloutAccepted(long Rollout, string Job, int Tenants, int PassedOver);

/// <summary>What a rollout would do.</summary>
/// <param name="Version">What the tenants would have afterwards.</param>
/// <param name="Tenants">Tenants that would be upgraded.</param>
/// <param name="Waves">How many would fall into which wave.</param>
/// <param name="PassedOver">Which would be passed over, by reason.</param>
public sealed record RolloutPreview(string Version, int Tenants, IReadOnlyList<RolloutWavePreview> Waves, IReadOnlyList<PassedOverView> PassedOver)
{
    /// <summary>From a plan.</summary>
    public static RolloutPreview Of(RolloutPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new RolloutPreview(
            plan.Release.Version, plan.Tenants, [.. plan.Waves.Select(w => new RolloutWavePreview(w.Number, w.Tenants, w.First))],
            [.. plan.PassedOver.Select(p => new PassedOverView(p.Reason, p.Tenants, p.First))]);
    }
}

/// <summary>A wave that would be.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Tenants">How many.</param>
/// <param name="First">The codes of the first ten.</param>
public sealed record RolloutWavePreview(int Number, int Tenants, IReadOnlyList<string> First);

/// <summary>Tenants that would be passed over.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Tenants">How many.</param>
/// <param name="First">The codes of the first ten.</param>
public sealed record PassedOverView(string Reason, int Tenants, IReadOnlyList<string> First);

/// <summary>A rollout in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Offer">Whose tenants it is for.</param>
/// <param name="Version">What they have afterwards.</param>
/// <param name="State"><c>running</c>, <c>paused</c>, <c>halted</c>, <c>cancelling</c>, <c>completed</c> or <c>cancelled</c>.</param>
/// <param name="StateReason">Why it is in that state.</param>
/// <param name="Tenants">Tenants that belong to a wave.</param>
/// <param name="PassedOver">Tenants that were passed over when it began.</param>
/// <param name="Job">The id of its job.</param>
/// <param name="Reason">Why it was ordered.</param>
/// <param name="RequestedBy">By whom.</param>
/// <param name="RequestedAt">When, UTC.</param>
/// <param name="EndedAt">When it ended.</param>
public sealed record RolloutSummaryView(
    long Id, string Offer, string Version, string State, string? StateReason, int Tenants, int PassedOver, string Job, string Reason, string RequestedBy,
    DateTimeOffset RequestedAt, DateTimeOffset? EndedAt)
{
    /// <summary>From a row.</summary>
    public static RolloutSummaryView Of(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        return new RolloutSummaryView(
            rollout.Id, rollout.Offer, rollout.Version, rollout.State, rollout.StateReason, rollout.Tenants, rollout.PassedOver, rollout.JobId, rollout.Reason,
            rollout.RequestedBy, rollout.RequestedAt, rollout.EndedAt);
    }
}

/// <summary>A rollout with its waves.</summary>
/// <param name="Summary">As lists show it.</param>
/// <param name="Kind">How tenants are upgraded: <c>odoo-bin</c>, <c>rpc</c> or <c>sql</c>.</param>
/// <param name="Modules">The modules that are upgraded.</param>
/// <param name="Statements">How many statements are run.</param>
/// <param name="MaxConcurrent">Tenants that are upgraded at once.</param>
/// <param name="Window">When tenants that have no maintenance window of their own may be closed; at any time if null.</param>
/// <param name="Chosen">Which tenants of the offer were chosen.</param>
/// <param name="Waves">In their order.</param>
public sealed record RolloutView(
    RolloutSummaryView Summary, string Kind, IReadOnlyList<string> Modules, int Statements, int MaxConcurrent, TimeWindow? Window, RolloutTenants Chosen, IReadOnlyList<RolloutWaveView> Waves)
{
    /// <summary>From rows.</summary>
    public static RolloutView Of(Rollout rollout, IReadOnlyList<RolloutWave> waves)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        var (release, filter) = (rollout.ReadRelease(), rollout.ReadFilter());
        return new RolloutView(
            RolloutSummaryView.Of(rollout), release.Kind, release.Modules, release.Statements.Count, rollout.MaxConcurrent, TimeWindow.Of(rollout.ReadWindow()),
            Of(filter), [.. waves.Select(RolloutWaveView.Of)]);
    }

    private static RolloutTenants Of(RolloutFilter filter)
    {
        var chosen = new RolloutTenants { Labels = filter.Labels, Codes = filter.Codes };
        chosen = filter.Template is { } template ? chosen with { Template = template } : chosen;
        return filter.Server is { } server ? chosen with { Server = server } : chosen;
    }
}

/// <summary>A wave and how its tenants stand.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Count">How many tenants were wanted; null if a share was.</param>
/// <param name="Percent">How many per cent of all have had their turn when it ends.</param>
/// <param name="Members">How many tenants belong to it.</param>
/// <param name="Limit">The most failures that it may have.</param>
/// <param name="Failures">Those that count against the limit.</param>
/// <param name="Pending">Those whose turn has not come.</param>
/// <param name="Running">Those that are being upgraded or taken back.</param>
/// <param name="Succeeded">Those that have the release.</param>
/// <param name="Failed">Those that failed.</param>
/// <param name="RolledBack">Those that are what they were before.</param>
/// <param name="Skipped">Those that are not upgraded.</param>
/// <param name="Held">Those that wait until somebody releases them.</param>
/// <param name="StartedAt">When its first turn came.</param>
/// <param name="EndedAt">When the next wave began, or the rollout ended.</param>
public sealed record RolloutWaveView(
    int Number, int? Count, int? Percent, int Members, int Limit, int Failures, int Pending, int Running, int Succeeded, int Failed, int RolledBack, int Skipped, int Held,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    /// <summary>From a row.</summary>
    public static RolloutWaveView Of(RolloutWave wave)
    {
        ArgumentNullException.ThrowIfNull(wave);
        return new RolloutWaveView(
            wave.Number, wave.Count, wave.Percent, wave.Members, wave.Limit, wave.Failures, wave.Pending, wave.Running, wave.Succeeded, wave.Failed, wave.RolledBack,
            wave.Skipped, wave.Held, wave.StartedAt, wave.EndedAt);
    }
}

/// <summary>A tenant in a rollout.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="Wave">Null if it was passed over when the rollout began.</param>
/// <param name="State"><c>pending</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>rolled_back</c>, <c>skipped</c> or <c>held</c>.</param>
/// <param name="Reason">Why it failed, was skipped or is held.</param>
/// <param name="Job">The job that upgrades it or takes it back, or did last.</param>
/// <param name="Attempts">How many jobs there were.</param>
/// <param name="StartedAt">When its upgrade began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="TookMs">How long it took, rehearsal and waits included, in milliseconds.</param>
/// <param name="OutageMs">For how long visitors saw a page instead of the application, in milliseconds.</param>
public sealed record RolloutTenantView(
    string Tenant, int? Wave, string State, string? Reason, string? Job, int Attempts, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, long? TookMs, long? OutageMs)
{
    /// <summary>From a row.</summary>
    public static RolloutTenantView Of(RolloutTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        var took = tenant.EndedAt - tenant.StartedAt;
        return new RolloutTenantView(
            tenant.Code, tenant.Wave, tenant.State, tenant.Reason is null ? null : JobSteps.Cut(tenant.Reason), tenant.JobId, tenant.Attempts, tenant.StartedAt,
            tenant.EndedAt, took is { } time ? (long)time.TotalMilliseconds : null, tenant.OutageMs);
    }
}

/// <summary>Something that was done to a rollout, or that it did.</summary>
/// <param name="Tenant">The tenant that it was about; null if it was about the rollout.</param>
/// <param name="Action">Such as <c>pause</c>, <c>halt</c> or <c>skip</c>.</param>
/// <param name="ChangedBy">Who; <c>rollout</c> for what it did by itself.</param>
/// <param name="Reason">Why.</param>
/// <param name="ChangedAt">When, UTC.</param>
public sealed record RolloutChangeView(string? Tenant, string Action, string ChangedBy, string Reason, DateTimeOffset ChangedAt)
{
    /// <summary>From a row.</summary>
    public static RolloutChangeView Of(RolloutChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new RolloutChangeView(change.Tenant, change.Action, change.ChangedBy, change.Reason, change.ChangedAt);
    }
}
