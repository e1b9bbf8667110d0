namespace Bibind.ControlPlane.Moves;

/// <summary>A move of a tenant from one server to another.</summary>
public sealed record TenantMove
{
    public long Id { get; init; }
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;
    public long SourceServerId { get; init; }
    public string SourceServer { get; init; } = string.Empty;

    /// <summary>Null until a scheduled move has begun.</summary>
    public long? TargetServerId { get; init; }
    public string? TargetServer { get; init; }

    /// <summary>One of <see cref="MoveStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>Why it was ordered.</summary>
    public string Reason { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset RequestedAt { get; init; }
    public DateTimeOffset? StartAt { get; init; }
    public bool WasSuspended { get; init; }

    /// <summary>How often its undoing was begun because its orchestration had been ended from outside.</summary>
    public int UndoAttempts { get; init; }

    /// <summary>The orchestration that makes it, or undoes it.</summary>
    public string Instance => UndoAttempts == 0 ? JobId : FormattableString.Invariant($"{JobId}-undo-{UndoAttempts}");

    /// <summary>The server that has a copy which is not the tenant; null where none has.</summary>
    public long? CopyServerId { get; init; }
    public string? CopyServer { get; init; }

    /// <summary>Until when that copy is kept.</summary>
    public DateTimeOffset? KeepUntil { get; init; }
    public string? ConfirmedBy { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public long? OutageMs { get; init; }

    /// <summary>Why it failed, in words.</summary>
    public string? Failure { get; init; }
}

/// <summary>The states of a move.</summary>
public static class MoveStates
{
    public const string Scheduled = "scheduled";
    public const string Moving = "moving";
    public const string Moved = "moved";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Scheduled, Moving, Moved, Failed, Cancelled];
}

/// <summary>Where a tenant is to be moved.</summary>
public sealed record MoveWish
{
    /// <summary>Code of the server; the best one by placement unless given.</summary>
    public string? Server { get; init; }

    /// <summary>The region; that of its plan or offer unless given.</summary>
    public string? Region { get; init; }

    /// <summary>Labels that the server must have, besides those of plan and offer.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>When it begins; at once unless given.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }
    public required string RequestedBy { get; init; }
}

/// <summary>What became of a wish about a move.</summary>
public abstract record MoveResult
{
    private MoveResult()
    {
    }

    /// <summary>It is written.</summary>
    public sealed record Opened(TenantMove Move) : MoveResult;

    /// <summary>There is no such tenant or move.</summary>
    public sealed record NotFound(string Message) : MoveResult;

    /// <summary>What was asked for cannot be.</summary>
    public sealed record Invalid(string Field, string Message) : MoveResult;

    /// <summary>Another job is in the way.</summary>
    public sealed record JobRunning(string Message) : MoveResult;

    /// <summary>The tenant's or the move's state does not allow it.</summary>
    public sealed record WrongState(string Message) : MoveResult;

    /// <summary>No server can take it.</summary>
    public sealed record NoServer(string Message) : MoveResult;
}

/// <summary>Which moves are wanted; null means any.</summary>
public sealed record MoveFilter
{
    public string? Tenant { get; init; }

    /// <summary>From or to the server with this code.</summary>
    public string? Server { get; init; }

    /// <summary>One of <see cref="MoveStates"/>.</summary>
    public string? State { get; init; }
}
