using System.Text.Json;
using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;

namespace Bibind.Functions.Http;

/// <summary>One attempt to deliver a notice.</summary>
/// <param name="Number">From 1.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="EndedAt">Null while it is under way, or if its host died before it could say how it went.</param>
/// <param name="Result"><c>sent</c>, <c>failed</c> (tried again later), <c>refused</c> (given up), <c>unknown</c> (its host died) or <c>running</c>.</param>
/// <param name="Words">What the receiver answered, or why it was not reached.</param>
public sealed record NoticeAttemptView(int Number, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string Result, string? Words);

/// <summary>A notice on its way to one receiver.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Channel"><c>email</c> or <c>webhook</c>.</param>
/// <param name="MessageId">What the receiver knows it by: the beginning of an e-mail's <c>Message-Id</c>, or <c>webhook-id</c>; the same at every attempt.</param>
/// <param name="Receiver">The e-mail address, or the host of the endpoint.</param>
/// <param name="Endpoint">The endpoint's id; null for e-mail.</param>
/// <param name="Language">The customer's; null for webhooks.</param>
/// <param name="State"><c>waiting</c>, <c>sent</c> or <c>dead</c> (given up; <c>resend</c> begins anew).</param>
/// <param name="Attempts">How many were made.</param>
/// <param name="NextAttempt">Not before this time; null unless it waits.</param>
/// <param name="GivesUpAt">When it is given up; null unless it waits.</param>
/// <param name="EndedAt">When it was sent or given up.</param>
/// <param name="Reason">Why the last attempt failed.</param>
public sealed record NoticeDeliveryView(
    long Id, string Channel, string MessageId, string Receiver, long? Endpoint, string? Language, string State, int Attempts,
    DateTimeOffset? NextAttempt, DateTimeOffset? GivesUpAt, DateTimeOffset? EndedAt, string? Reason)
{
    /// <summary>From a row.</summary>
    public static NoticeDeliveryView Of(DeliveryRow delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var waits = delivery.State == DeliveryStates.Waiting;
        return new NoticeDeliveryView(
            delivery.Id, delivery.Channel, delivery.Channel == NoticeChannels.Webhook ? WebhookSender.IdOf(delivery.Uid) : $"{delivery.Uid:N}",
            delivery.Recipient ?? HostOf(delivery.Url), delivery.EndpointId, delivery.Language, delivery.State, delivery.Attempts,
            waits ? delivery.NextAttemptAt : null, waits ? delivery.GiveUpAt : null, delivery.EndedAt, delivery.Reason);
    }

    // A path or query may be a secret.
    private static string HostOf(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var target) ? target.Authority : string.Empty;
}

/// <summary>Something that somebody is told.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Cause">Tells one cause of the kind from another.</param>
/// <param name="Tenant">The tenant's code; null if it is about none.</param>
/// <param name="Customer">Whose tenant it is.</param>
/// <param name="Details">What templates and receivers get.</param>
/// <param name="RaisedAt">UTC.</param>
/// <param name="ClosedAt">When the cause ended; null if it has not, or happens once.</param>
/// <param name="Deliveries">How each receiver is told; empty if there is nobody to tell.</param>
public sealed record NoticeView(
    long Id, string Kind, string Cause, string? Tenant, string? Customer, IReadOnlyDictionary<string, string> Details, DateTimeOffset RaisedAt,
    DateTimeOffset? ClosedAt, IReadOnlyList<NoticeDeliveryView> Deliveries)
{
    /// <summary>From rows.</summary>
    public static NoticeView Of(NoticeRow notice, IEnumerable<DeliveryRow> deliveries)
    {
        ArgumentNullException.ThrowIfNull(notice);
        return new NoticeView(
            notice.Id, notice.Kind, notice.Cause, notice.TenantCode, notice.Customer, JsonSerializer.Deserialize<Dictionary<string, string>>(notice.Data)!,
            notice.CreatedAt, notice.ClosedAt, [.. deliveries.Select(NoticeDeliveryView.Of)]);
    }
}

/// <summary>A notice with every attempt.</summary>
/// <param name="Notice">The notice.</param>
/// <param name="Attempts">Every attempt at each of its deliveries, the oldest first.</param>
public sealed record NoticeDetails(NoticeView Notice, IReadOnlyList<NoticeAttempts> Attempts);

/// <summary>Every attempt at a delivery.</summary>
/// <param name="Delivery">The delivery's id.</param>
/// <param name="Items">The oldest first.</param>
public sealed record NoticeAttempts(long Delivery, IReadOnlyList<NoticeAttemptView> Items)
{
    /// <summary>From rows.</summary>
    public static NoticeAttempts Of(DeliveryRow delivery, IEnumerable<AttemptRow> attempts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new NoticeAttempts(delivery.Id, [.. attempts.Select(a => new NoticeAttemptView(
            a.Number, a.StartedAt, a.EndedAt,
            a.Result ?? (a.Number == delivery.Attempts && delivery.State == DeliveryStates.Waiting && delivery.NextAttemptAt > now ? "running" : "unknown"), a.Words))]);
    }
}
