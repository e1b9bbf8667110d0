using System.Text.Json;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>What made a change.</summary>
/// <param name="Kind">One of the constants.</param>
/// <param name="Id">Of the message, or the timer with its moment; null for the others.</param>
/// <param name="Who">Who is behind it.</param>
public sealed record SubscriptionCause(string Kind, string? Id, string Who)
{
    public const string Order = "order";
    public const string Message = "message";
    public const string Api = "api";
    public const string Timer = "timer";
}

/// <summary>A change to make.</summary>
/// <param name="Before">As it is.</param>
/// <param name="After">As it is to be.</param>
/// <param name="Event">What happened.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SubscriptionChange(Subscription Before, Subscription After, string Event, string Reason)
{
    /// <summary>True if the tenant is to be looked at: whether it is served, or its plan, may have changed.</summary>
    public bool IsToBeFollowed => Before.Wish != After.Wish || Before.Plan != After.Plan || Event == SubscriptionEvents.Resumed;

    /// <summary>What changed, by the names that the API has.</summary>
    internal IReadOnlyDictionary<string, ChangedField> Fields()
    {
        var fields = new Dictionary<string, ChangedField>(StringComparer.Ordinal);
        Add("plan", s => s.Plan);
        Add("period", s => s.Period);
        Add("anchorDay", s => s.AnchorDay);
        Add("paidUntil", s => s.PaidUntil);
        Add("creditedFrom", s => s.CreditedFrom);
        Add("trialUntil", s => s.TrialUntil);
        Add("suspension", s => s.Suspension);
        Add("pastDueSince", s => s.PastDueSince);
        Add("graceUntil", s => s.GraceUntil);
        Add("cancelAt", s => s.CancelAt);
        return fields;

        void Add(string name, Func<Subscription, object?> value)
        {
            if (!Equals(value(Before), value(After)))
            {
                fields.Add(name, new ChangedField(value(Before), value(After)));
            }
        }
    }
}

/// <summary>What a field was and is.</summary>
public sealed record ChangedField(object? From, object? To);

/// <summary>Names of events that are asked for elsewhere.</summary>
internal static class SubscriptionEvents
{
    public const string Opened = "opened";
    public const string Resumed = "subscription.resumed";
    public const string TenantGone = "tenant-gone";
}

/// <summary>A change that was made.</summary>
public sealed record SubscriptionChangeEntry
{
    public long Id { get; init; }
    public string? FromState { get; init; }
    public string ToState { get; init; } = string.Empty;
    public string Event { get; init; } = string.Empty;

    /// <summary><c>order</c>, <c>message</c>, <c>api</c> or <c>timer</c>.</summary>
    public string Cause { get; init; } = string.Empty;
    public string? CauseId { get; init; }
    public string Who { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;

    /// <summary>What changed, as JSON.</summary>
    public string FieldsJson { get; init; } = "{}";
    public DateTimeOffset ChangedAt { get; init; }

    /// <summary>What changed.</summary>
    public JsonElement Fields => JsonSerializer.Deserialize<JsonElement>(FieldsJson);
}
