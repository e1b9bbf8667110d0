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
    public static WebhookRefusalView Of(WebhookRefusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return new WebhookRefusalView(
            refusal.ReceivedAt, refusal.Caller, refusal.Model, refusal.RecordId, refusal.Status, refusal.Kind, refusal.Reason,
            refusal.Errors is null ? null : JsonSerializer.Deserialize<Dictionary<string, string[]>>(refusal.Errors, ApiJson.Options));
    }
}

/// <summary><c>/api/webhooks/odoo/refusals</c>: what consoles posted in vain.</summary>
internal static class WebhookRefusalsApi
{
    private const int LongestName = 100;
    private static readonly QueryParameter Caller = new("caller", "Only deliveries of the console with this name.");

    public static void MapWebhookRefusals(this IEndpointRouteBuilder routes) =>
        routes.MapGet(SecretPaths.ProblemFactory, ListAsync).WithTags("webhooks").NeedsRole(Role.Manager)
            .Describe("listWebhookRefusals", "Lists deliveries of Odoo's webhooks that were refused, newest first")
            .TakesQuery(Caller, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<WebhookRefusalView>>();

    private static async Task<IResult> ListAsync(HttpContext context, WebhookRefusals refusals)
    {
        var query = new QueryReader(context);
        var caller = query.Words(Caller.Name, LongestName);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await refusals.ListAsync(caller, page, context.RequestAborted), WebhookRefusalView.Of));
    }
}
