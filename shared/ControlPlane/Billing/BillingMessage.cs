namespace Bibind.ControlPlane.Billing;

/// <summary>A message of billing.</summary>
/// <param name="Id">Billing's own id: the same at every delivery.</param>
/// <param name="Type">Such as <c>subscription.created</c>.</param>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="Sequence">Counts billing's messages about this tenant: 1, 2, 3, and never from the beginning again.</param>
/// <param name="OccurredAt">When it happened, by billing's clock.</param>
/// <param name="Data">JSON text of an object.</param>
public sealed record BillingMessage(string Id, string Type, string Tenant, long Sequence, DateTimeOffset OccurredAt, string Data);

/// <summary>What became of a message.</summary>
public static class BillingStates
{
    /// <summary>Its turn has not come, or something is in the way for now.</summary>
    public const string Waiting = "waiting";

    /// <summary>It took effect.</summary>
    public const string Done = "done";

    /// <summary>It cannot be applied as it is: somebody corrects it, replays it or gives it up.</summary>
    public const string Parked = "parked";

    /// <summary>A later number, or the end of the subscription, had decided already.</summary>
    public const string Passed = "passed";

    /// <summary>It cannot take effect: its number is another message's.</summary>
    public const string Refused = "refused";

    /// <summary>Somebody gave it up.</summary>
    public const string Deleted = "deleted";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Waiting, Done, Parked, Passed, Refused, Deleted];

    /// <summary>SQL: it is to be tried again. The version before parked, without a cause, what it did not know.</summary>
    internal const string IsWaiting = "(state = 'waiting' or (state = 'parked' and cause is null))";
}

/// <summary>Why a message waits or is parked, in a word.</summary>
public static class BillingCauses
{
    /// <summary>A number before it has not come.</summary>
    public const string Gap = "gap";

    /// <summary>A number before it waits.</summary>
    public const string Behind = "behind";

    /// <summary>Nobody knows the tenant.</summary>
    public const string NoSubscription = "no-subscription";

    /// <summary>There is no room, or the template is not ready.</summary>
    public const string NotNow = "not-now";

    /// <summary>A field is wrong.</summary>
    public const string Invalid = "invalid";

    /// <summary>What it wants cannot be done: a person decides.</summary>
    public const string Conflict = "conflict";

    /// <summary>A person ordered that it is tried again.</summary>
    public const string Replayed = "replayed";
}

/// <summary>Numbers that never came.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Last">The last of them.</param>
public sealed record BillingGap(long First, long Last);

/// <summary>Settings <c>Billing:*</c>.</summary>
public sealed class BillingOptions
{
    public const string Section = "Billing";

    /// <summary>How long a message waits for numbers before it, or for its tenant, that do not come.</summary>
    public TimeSpan GapLimit { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>Whether a message may be applied now.</summary>
public abstract record BillingTurn
{
    private BillingTurn()
    {
    }

    /// <summary>Its turn has come.</summary>
    /// <param name="IsLate">True if a larger number has taken effect.</param>
    /// <param name="Gap">The numbers before it that were waited for in vain; null if none were.</param>
    /// <param name="Since">When it came first.</param>
    /// <param name="IsAwaited">True if others of its tenant wait; as long as the transaction lasts, no more of them can.</param>
    public sealed record Due(bool IsLate, BillingGap? Gap, DateTimeOffset Since, bool IsAwaited) : BillingTurn;

    /// <summary>It was settled before.</summary>
    public sealed record Settled(string State, string? JobId) : BillingTurn;

    /// <summary>Others come first.</summary>
    /// <param name="Reason">In words.</param>
    /// <param name="Cause">One of <see cref="BillingCauses"/>.</param>
    public sealed record Waits(string Reason, string Cause) : BillingTurn;

    /// <summary>It can never be applied.</summary>
    public sealed record Never(string Reason) : BillingTurn;

    /// <summary>Its id belongs to another message, whose record stays as it is.</summary>
    public sealed record Foreign(string Reason) : BillingTurn;
}
