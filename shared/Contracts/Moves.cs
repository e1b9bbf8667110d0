using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>A tenant that is to live on another server.</summary>
public sealed record MoveTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>When it begins, UTC; at once unless given.</summary>
    public DateTime? StartAt { get; init; }

    /// <summary>True if the orchestration of this move was ended from outside, and whatever it did is to be undone.</summary>
    public bool IsUndo { get; init; }
}

/// <summary>A move that has begun.</summary>
public sealed record MoveBegun
{
    /// <summary>The tenant where it is; null if the move was cancelled before it began, or has ended.</summary>
    public TenantDescriptor? Source { get; init; }

    /// <summary>The tenant where it will be.</summary>
    public TenantDescriptor? Target { get; init; }

    /// <summary>True if both servers keep their files in one folder: the files stay where they are.</summary>
    public bool SharesFiles { get; init; }

    /// <summary>True if nobody was let in before: then nobody is afterwards.</summary>
    public bool WasSuspended { get; init; }
}

/// <summary>Something that is looked at before a tenant is moved.</summary>
/// <param name="Name">Such as <c>target-postgresql</c>.</param>
/// <param name="State"><c>ok</c>, <c>failed</c>, or <c>unknown</c>: it could not be found out, and forbids nothing.</param>
/// <param name="Detail">What was found, in words.</param>
public sealed record MoveCheck(string Name, string State, string Detail)
{
    public const string Ok = "ok";
    public const string Failed = "failed";
    public const string Unknown = "unknown";
}

/// <summary>A tenant that was moved.</summary>
public sealed record TenantMoved
{
    public required string Code { get; init; }
    public required string From { get; init; }
    public required string To { get; init; }

    /// <summary>For how long visitors were shown a page instead of the application, in milliseconds; 0 if it was suspended.</summary>
    public required long OutageMs { get; init; }
    public required long DatabaseBytes { get; init; }
    public required int Tables { get; init; }

    /// <summary>Until when the copy on the former server is kept unless the move is confirmed before; null if none is.</summary>
    public DateTimeOffset? CopyKeptUntil { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How a move ended.</summary>
public sealed record MoveEnd
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public TenantMoved? Result { get; init; }

    /// <summary>Why it failed, and what state the tenant is in.</summary>
    public string? Reason { get; init; }

    /// <summary>What was left at the target of a move that failed.</summary>
    public Inventory? Inventory { get; init; }
}

/// <summary>The copy that a move left on a server, which is to be removed.</summary>
public sealed record RemoveMovedCopyOrder
{
    public required long MoveId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
}

/// <summary>Where such a copy is.</summary>
/// <param name="Place">The tenant as it was there; null if the copy is gone already.</param>
/// <param name="SharesFiles">True if its files are the tenant's own.</param>
public sealed record MovedCopy(TenantDescriptor? Place, bool SharesFiles);

/// <summary>How the removal of a copy ended.</summary>
public sealed record MovedCopyEnd
{
    public required long MoveId { get; init; }
    public required string JobId { get; init; }
    public required Inventory Inventory { get; init; }
    public string? Reason { get; init; }
}

/// <summary>A server that is to be emptied.</summary>
public sealed record DrainServerOrder
{
    public required long ServerId { get; init; }
    public required string JobId { get; init; }
    public required string Server { get; init; }
}

/// <summary>How far the emptying of a server is.</summary>
/// <param name="Left">Tenants that are still on it.</param>
/// <param name="Moving">Moves that are under way.</param>
/// <param name="IsOver">True if nothing is to be done any more.</param>
/// <param name="Reason">Why it did not get further, in words; null if it did.</param>
public sealed record DrainRound(int Left, int Moving, bool IsOver, string? Reason = null);

/// <summary>Moves of tenants between servers.</summary>
public static class Moves
{
    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Holds the place at the target and keeps other jobs out; a scheduled move waits here for the end of another job.</summary>
    public static readonly ActivityDefinition<MoveTenantOrder, MoveBegun> Begin = new("moves.begin", Policies.Act);

    /// <summary>Looks for everything that would make the move fail, while the tenant works; a refusal is a failure.</summary>
    public static readonly ActivityDefinition<MoveBegun, IReadOnlyList<MoveCheck>> Check = new("moves.check", Policies.Act);

    /// <summary>Makes a tenant's database unseen by its application, read-only for everybody but us, and ends the sessions in it.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Freeze = new("moves.freeze", Policies.Act);

    /// <summary>Lets a frozen database be written to; who may see it is decided when it is handed over.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Unfreeze = new("moves.unfreeze", Policies.Undo);

    /// <summary>Compares the copy with the original; a difference is a failure.</summary>
    public static readonly ActivityDefinition<MoveBegun, Unit> Compare = new("moves.compare", Policies.Act);

    /// <summary>Makes the target the tenant's server.</summary>
    public static readonly ActivityDefinition<MoveTenantOrder, Unit> Switch = new("moves.switch", Quick);

    /// <summary>Makes the source the tenant's server again.</summary>
    public static readonly ActivityDefinition<MoveTenantOrder, Unit> SwitchBack = new("moves.switch_back", Stubborn);

    /// <summary>Ends a move: tenant, job, and what is kept for how long.</summary>
    public static readonly ActivityDefinition<MoveEnd, Unit> End = new("moves.end", Stubborn);

    /// <summary>Asks the server of a copy what is left of it.</summary>
    public static readonly ActivityDefinition<MovedCopy, Inventory> TakeInventory = new("moves.take_inventory", Policies.Undo);

    /// <summary>Finds the copy that is to be removed.</summary>
    public static readonly ActivityDefinition<RemoveMovedCopyOrder, MovedCopy> BeginRemoval = new("moves.begin_removal", Quick);

    /// <summary>Ends the removal of a copy with the proof.</summary>
    public static readonly ActivityDefinition<MovedCopyEnd, Unit> EndRemoval = new("moves.end_removal", Stubborn);

    /// <summary>Starts the removal of copies whose time is up, and the undoing of moves whose orchestration was ended from outside; answers how many.</summary>
    public static readonly ActivityDefinition<Unit, int> RemoveDue = new("moves.remove_due", Policies.Round);

    /// <summary>Starts the next moves off a server that is drained.</summary>
    public static readonly ActivityDefinition<DrainServerOrder, DrainRound> DrainNext = new("moves.drain_next", Stubborn);

    /// <summary>Closes the job of a drain.</summary>
    public static readonly ActivityDefinition<DrainEnd, Unit> EndDrain = new("moves.end_drain", Stubborn);
}

/// <summary>How a drain ended.</summary>
public sealed record DrainEnd(DrainServerOrder Order, DrainRound Round);
