using System.Text.Json;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A delivery of a webhook that was refused.</summary>
/// <param name="ReceivedAt">UTC.</param>
/// <param name="Caller">The console, as the settings name it.</param>
/// <param name="Model">The record's model; null if the delivery did not say it.</param>
/// <param name="RecordId">The record's id; null if the delivery did not say it.</param>
/// <param name="Status">The HTTP status that it was answered with.</param>
/// <param name="Kind">The kind of problem, as in its <c>type</c>.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Errors">Every wrong field with what is wrong about it.</param>
public sealed record WebhookRefusalView(
    DateTimeOffset ReceivedAt, string Caller, string? Model, long? RecordId, int Status, string Kind, string Reason,
    IReadOnlyDictionary<string, string[]>? Errors)
{
    /// <summary>From a row.</summary>
    public static WebhookRefusalView Of(WebhookDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new WebhookRefusalView(
            delivery.ReceivedAt, delivery.Caller, delivery.Model, delivery.RecordId, delivery.Status, delivery.Kind!, delivery.Reason!,
            WebhookDeliveryView.ErrorsOf(delivery));
    }
}

/// <summary>A delivery of a webhook.</summary>
/// <param name="ReceivedAt">UTC.</param>
/// <param name="Caller">The console, as the settings name it.</param>
/// <param name="State">taken, repeated or refused.</param>
/// <param name="Event">What was asked for; null if that was not understood.</param>
/// <param name="Model">The record's model; null if the delivery did not say it.</param>
/// <param name="RecordId">The record's id; null if the delivery did not say it.</param>
/// <param name="Tenant">The code of the tenant that it is about; null if it did not say one.</param>
/// <param name="Status">The HTTP status that it was answered with.</param>
public sealed record WebhookDeliveryView(
    DateTimeOffset ReceivedAt, string Caller, string State, string? Event, string? Model, long? RecordId, string? Tenant, int Status)
{
    /// <summary>The kind of problem, as in its <c>type</c>; null if it was not refused.</summary>
    public required string? Kind { get; init; }

    /// <summary>Why it was refused, or what is to be said about it.</summary>
    public required string? Reason { get; init; }

    /// <summary>Every wrong field with what is wrong about it.</summary>
    public required IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>What else is to be said, such as fields that were ignored.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The job that it started, or that does what it asks for.</summary>
    public required string? Job { get; init; }

    /// <summary>What the record said as far as it names things of ours; of everything else the kind of value. Null if it was no record.</summary>
    public required JsonElement? Record { get; init; }

    /// <summary>From a row.</summary>
    public static WebhookDeliveryView Of(WebhookDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new WebhookDeliveryView(
            delivery.ReceivedAt, delivery.Caller, delivery.State, delivery.Event, delivery.Model, delivery.RecordId, delivery.Tenant, delivery.Status)
        {
            Kind = delivery.Kind,
            Reason = delivery.Reason,
            Errors = ErrorsOf(delivery),
            Notes = delivery.Notes,
            Job = delivery.JobId,
            Record = delivery.Body is null ? null : JsonElement.Parse(delivery.Body),
        };
    }

    internal static Dictionary<string, string[]>? ErrorsOf(WebhookDelivery delivery) =>
        delivery.Errors is null ? null : JsonSerializer.Deserialize<Dictionary<string, string[]>>(delivery.Errors, ApiJson.Options);
}

/// <summary><c>/api/webhooks/deliveries</c> and <c>/api/webhooks/odoo/refusals</c>: what consoles posted, and what of it in vain.</summary>
internal static class WebhookDeliveriesApi
{
    private const int LongestName = 100;
    private static readonly QueryParameter Caller = new("caller", "Only deliveries of the console with this name.");
    private static readonly QueryParameter State = new("state", "Only deliveries that were taken, repeated or refused.", WebhookStates.All);
    private static readonly QueryParameter Event = new("event", "Only deliveries that asked for this.", WebhookEvents.All);
    private static readonly QueryParameter Tenant = new("tenant", "Only deliveries about the tenant with this code.");

    public static void MapWebhookDeliveries(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(SecretPaths.Deliveries, ListAsync).WithTags("webhooks").NeedsRole(Role.Manager)
            .Describe("listWebhookDeliveries", "Lists what Odoo's webhooks delivered, newest first, with the reason of what was refused")
            .TakesQuery(State, Caller, Event, Tenant, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<WebhookDeliveryView>>();
        routes.MapGet(SecretPaths.Refusals, ListRefusalsAsync).WithTags("webhooks").NeedsRole(Role.Manager)
            .Describe("listWebhookRefusals", "Lists deliveries of Odoo's webhooks that were refused, newest first")
            .TakesQuery(Caller, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<WebhookRefusalView>>();
    }

    private static async Task<IResult> ListAsync(HttpContext context, WebhookLog log)
    {
        var query = new QueryReader(context);
        var filter = new WebhookFilter
        {
            Caller = query.Words(Caller.Name, LongestName),
            State = query.Choice(State.Name),
            Event = query.Choice(Event.Name),
            Tenant = query.Code(Tenant.Name),
        };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await log.ListAsync(filter, page, context.RequestAborted), WebhookDeliveryView.Of));
    }

    private static async Task<IResult> ListRefusalsAsync(HttpContext context, WebhookLog log)
    {
        var query = new QueryReader(context);
        var filter = new WebhookFilter { Caller = query.Words(Caller.Name, LongestName), State = WebhookStates.Refused };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await log.ListAsync(filter, page, context.RequestAborted), WebhookRefusalView.Of));
    }
}
