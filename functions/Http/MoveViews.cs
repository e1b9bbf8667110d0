using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Moves;

namespace Bibind.Functions.Http;

/// <summary>An order to move a tenant.</summary>
public sealed record MoveTenant
{
    /// <summary>Code of the server; the best one by placement unless given. Neither region nor labels keep it from one that is named.</summary>
    [DisallowNull]
    public string? Server { get; init; }

    /// <summary>The region that the server must be in; that of the plan or offer unless given.</summary>
    [DisallowNull]
    public string? Region { get; init; }

    /// <summary>Labels that the server must have.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>When it begins, UTC; at once unless given. Nothing is reserved until then.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>True only looks: where it would go, and what speaks against it.</summary>
    public bool DryRun { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>An order to move the tenants of a draining server elsewhere.</summary>
public sealed record EmptyServer
{
    /// <summary>How many at once, 1 to 100; <c>Moves__AtOnce</c> unless given.</summary>
    public int? AtOnce { get; init; }
}

/// <summary>A move of a tenant as people see it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="Job">The id of its job.</param>
/// <param name="From">The server that it leaves.</param>
/// <param name="To">The server that it goes to; null until a scheduled one has begun.</param>
/// <param name="State"><c>scheduled</c>, <c>moving</c>, <c>moved</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Reason">Why it was ordered.</param>
/// <param name="RequestedBy">By whom.</param>
/// <param name="RequestedAt">When, UTC.</param>
/// <param name="StartAt">When it begins or was to begin; null if at once.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="OutageMs">For how long visitors saw a page instead of the application, in milliseconds.</param>
/// <param name="CopyOn">The server that has a copy which is not the tenant; null where none has.</param>
/// <param name="CopyKeptUntil">When that copy is removed unless the move is confirmed before.</param>
/// <param name="ConfirmedBy">Who confirmed it.</param>
/// <param name="Failure">Why it failed or was called off.</param>
public sealed record MoveView(
    long Id, string Tenant, string Job, string From, string? To, string State, string Reason, string RequestedBy, DateTimeOffset RequestedAt,
    DateTimeOffset? StartAt, DateTimeOffset? EndedAt, long? OutageMs, string? CopyOn, DateTimeOffset? CopyKeptUntil, string? ConfirmedBy, string? Failure)
{
    /// <summary>From a row.</summary>
    public static MoveView Of(TenantMove move)
    {
        ArgumentNullException.ThrowIfNull(move);
        return new MoveView(
            move.Id, move.TenantCode, move.JobId, move.SourceServer, move.TargetServer, move.State, move.Reason, move.RequestedBy, move.RequestedAt,
            move.StartAt, move.EndedAt, move.OutageMs, move.CopyServer, move.KeepUntil, move.ConfirmedBy, move.Failure is null ? null : JobSteps.Cut(move.Failure));
    }
}
