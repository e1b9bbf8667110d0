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

    /// <summary>It is kept for a version that knows how to apply it.</summary>
    public const string Parked = "parked";

    /// <summary>It cannot take effect as it is.</summary>
    public const string Refused = "refused";
}

/// <summary>Whether a message may be applied now.</summary>
public abstract record BillingTurn
{
    private BillingTurn()
    {
    }

    /// <summary>Its turn has come.</summary>
    public sealed record Due : BillingTurn;

    /// <summary>It was settled before.</summary>
    public sealed record Settled(string State, string? JobId) : BillingTurn;

    /// <summary>Others come first.</summary>
    public sealed record Waits(string Reason) : BillingTurn;

    /// <summary>It can never be applied.</summary>
    public sealed record Never(string Reason) : BillingTurn;

    /// <summary>Its id belongs to another message, whose record stays as it is.</summary>
    public sealed record Foreign(string Reason) : BillingTurn;
}
