using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>What an operator's account may do in a tenant's application.</summary>
public static class SupportLevels
{
    /// <summary>What a new internal user may.</summary>
    public const string User = "user";

    /// <summary>The application's settings too.</summary>
    public const string Administrator = "administrator";

    /// <summary>Every level there is.</summary>
    public static IReadOnlyList<string> All { get; } = [User, Administrator];
}

/// <summary>An operator who is to enter a tenant's application for a while.</summary>
public sealed record SupportAccessOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required long AccessId { get; init; }

    /// <summary>True: the job's own orchestration was ended, and this one takes away what it made.</summary>
    public bool IsUndo { get; init; }
}

/// <summary>What is to be done about an access at this moment.</summary>
/// <param name="Next">One of the constants.</param>
/// <param name="Left">How long <see cref="Wait"/> lasts at most.</param>
public sealed record SupportTurn(string Next, TimeSpan Left = default)
{
    /// <summary>For the consent, or for the end.</summary>
    public const string Wait = "wait";

    /// <summary>The account is to be made.</summary>
    public const string Grant = "grant";

    /// <summary>The account is to be removed.</summary>
    public const string Close = "close";

    /// <summary>There never was an account.</summary>
    public const string Over = "over";
}

/// <summary>By what an operator's account is known in a tenant's database.</summary>
/// <param name="Login">Its login, which its people can change.</param>
/// <param name="UserId">Its row; null if it was never recorded, and then it has no password.</param>
/// <param name="Mark">When its row was made, to the microsecond: of two rows that had one id, the other was made at another time.</param>
public sealed record SupportAccount(string Login, int? UserId, string? Mark)
{
    /// <summary>Its password; null if it is forgotten.</summary>
    public string? Password { get; init; }

    /// <summary>Its password as the application was given it; null if it is forgotten.</summary>
    public string? Hash { get; init; }

    /// <summary>Leaves the password out.</summary>
    public override string ToString() => $"{Login} ({UserId})";
}

/// <summary>What became of an operator's account.</summary>
/// <param name="WasThere">True if it was found.</param>
/// <param name="Left">What its user made or changed that lets somebody in, or acts by itself, in words.</param>
public sealed record SupportLockout(bool WasThere, IReadOnlyList<string> Left);

/// <summary>An attempt to remove an operator's account.</summary>
/// <param name="IsFinal">False if a job that brings databases back was under way: it is to be looked again.</param>
/// <param name="Note">What is to be said about it, in words; null: nothing.</param>
/// <param name="Left">What its user made or changed that lets somebody in, or acts by itself, in words.</param>
public sealed record SupportRemoved(bool IsFinal, string? Note, IReadOnlyList<string> Left);

/// <summary>How an access ended.</summary>
/// <param name="Order">The order.</param>
/// <param name="Removed">Null if there never was an account.</param>
/// <param name="Failure">Why it could not be given; null if it was given, or called off.</param>
public sealed record SupportAccessEnd(SupportAccessOrder Order, SupportRemoved? Removed, string? Failure);

/// <summary>An access that is over.</summary>
public sealed record SupportAccessEnded
{
    public required string Code { get; init; }
    public required long AccessId { get; init; }

    /// <summary>What the account's user made or changed that lets somebody in, or acts by itself, in words.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];
}

/// <summary>Operators' accesses to tenants' applications. The row decides; the steps follow it.</summary>
public static class SupportAccesses
{
    /// <summary>Raised when the row has changed, so that nobody waits for the next look.</summary>
    public const string SteerEvent = "steer";

    /// <summary>What is to be done now; a consent that is not given in time is refused by it.</summary>
    public static readonly ActivityDefinition<SupportAccessOrder, SupportTurn> Look = new("support.look", Policies.Undo);

    /// <summary>Makes the account; false if the access was called off meanwhile.</summary>
    public static readonly ActivityDefinition<SupportAccessOrder, bool> CreateAccount = new("support.create_account", Policies.Act);

    /// <summary>From here on the credentials are shown and the time runs; false if the access was called off meanwhile.</summary>
    public static readonly ActivityDefinition<SupportAccessOrder, bool> Open = new("support.open", Policies.Undo);

    /// <summary>Removes the account from wherever the tenant's database is now, and looks whether it is gone.</summary>
    public static readonly ActivityDefinition<SupportAccessOrder, SupportRemoved> RemoveAccount = new("support.remove_account", Policies.Undo);

    /// <summary>Closes row and job.</summary>
    public static readonly ActivityDefinition<SupportAccessEnd, Unit> End = new("support.end", Policies.Undo);
}
