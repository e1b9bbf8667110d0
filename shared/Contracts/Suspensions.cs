using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>Why tenants are suspended; it decides what their visitors are told.</summary>
public static class SuspensionCauses
{
    /// <summary>A bill is not paid: 402.</summary>
    public const string Payment = "payment";

    /// <summary>Anything else: 503.</summary>
    public const string Operator = "operator";

    /// <summary>It uses more than it may: 503. Only the timer that compares limits suspends for it, and opens again.</summary>
    public const string Quota = "quota";

    /// <summary>Those that people and billing may name.</summary>
    public static IReadOnlyList<string> All { get; } = [Payment, Operator];
}

/// <summary>A tenant to suspend.</summary>
public sealed record SuspendTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>One of <see cref="SuspensionCauses"/>.</summary>
    public required string Cause { get; init; }

    /// <summary>True if it was open: where the suspension fails, it is opened again.</summary>
    public required bool WasActive { get; init; }
}

/// <summary>A tenant that is suspended.</summary>
public sealed record TenantSuspended
{
    public required string Code { get; init; }
    public required string Cause { get; init; }

    /// <summary>Milliseconds from the job's begin until every host name of the tenant showed the page.</summary>
    public required long PageAfterMs { get; init; }

    /// <summary>Sessions in its database that were ended.</summary>
    public required int EndedSessions { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A database that takes no connections any more.</summary>
/// <param name="EndedSessions">How many sessions were ended.</param>
/// <param name="Note">Whose session goes on, where we may not end it; null if nobody's does.</param>
public sealed record DatabaseShut(int EndedSessions, string? Note);

/// <summary>How the job that suspends a tenant ended: with a result, or with the reason why not.</summary>
/// <param name="Order">The order.</param>
/// <param name="Result">Null if it failed.</param>
/// <param name="Reason">Why it failed, and what state the tenant is in.</param>
/// <param name="IsUndone">True if the tenant is what it was before.</param>
public sealed record SuspensionEnd(SuspendTenantOrder Order, TenantSuspended? Result, string? Reason, bool IsUndone = false);

/// <summary>A suspended tenant to open.</summary>
public sealed record LiftSuspensionOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>True if it was suspended on purpose; false if a failed job left it so.</summary>
    public required bool IsOrdered { get; init; }

    /// <summary>The failed restore that may have left something; null if there is none.</summary>
    public string? RestoreJobId { get; init; }

    /// <summary>The backup that this restore was to bring back.</summary>
    public string? BackupId { get; init; }
}

/// <summary>How an attempt to open a suspended tenant ended: with a result, or with the reason why not.</summary>
public sealed record LiftEnd(LiftSuspensionOrder Order, TenantResumed? Result, string? Reason);

/// <summary>The suspension of tenants. What is visible comes first: the page at the proxy, then the database.</summary>
public static class Suspensions
{
    /// <summary>Where the tenant of an open job that suspends it lives.</summary>
    public static readonly ActivityDefinition<SuspendTenantOrder, TenantDescriptor> Begin = new("suspensions.begin", Policies.Act);

    /// <summary>Makes the tenant's database refuse everybody, and ends the sessions in it.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, DatabaseShut> ShutDatabase = new("suspensions.shut_database", Policies.Act);

    /// <summary>Takes the order back, so that steps that open the tenant do open it.</summary>
    public static readonly ActivityDefinition<SuspendTenantOrder, Unit> TakeBack = new("suspensions.take_back", Policies.Undo);
    public static readonly ActivityDefinition<SuspensionEnd, Unit> End = new("suspensions.end", Policies.Undo);

    /// <summary>From here on the tenant is to be opened.</summary>
    public static readonly ActivityDefinition<LiftSuspensionOrder, TenantDescriptor> BeginLift = new("suspensions.begin_lift", Policies.Act);

    /// <summary>The tenant is to stay suspended after all.</summary>
    public static readonly ActivityDefinition<LiftSuspensionOrder, Unit> KeepSuspended = new("suspensions.keep", Policies.Undo);
    public static readonly ActivityDefinition<LiftEnd, Unit> EndLift = new("suspensions.end_lift", Policies.Undo);
}
