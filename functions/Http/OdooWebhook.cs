using System.Text.Json.Serialization;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>
/// <c>/webhooks/odoo/{token}</c>: Odoo can neither sign nor send headers, so the address is the credential. It waits one
/// second and never asks again, hence the order is taken here and worked on elsewhere.
/// </summary>
internal static class OdooWebhook
{
    public static void MapOdooWebhook(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/odoo/{token}", ReceiveAsync).WithTags("webhooks")
            .Describe("odooWebhook", "Takes an order from an Odoo automation rule")
            .Takes<OdooOrder>().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

    private static async Task<IResult> ReceiveAsync(HttpContext context, string token, Callers callers, TenantOrdering ordering)
    {
        var caller = callers.FindWebhook(token)
            ?? throw new ProblemException(Refusals.NotFound("This webhook address is unknown; use one that the settings name (OdooWebhooks__N)."));
        new QueryReader(context).ThrowIfAny();
        using var body = await CommandReader.ReadJsonAsync(context);
        var record = OdooRecord.Read(body.RootElement);
        var order = record.Command.ToOrder(caller.Name);
        try
        {
            return await ordering.OrderAsync(order, new WebhookRecord(caller.Name, record.Model, record.RecordId), context.RequestAborted);
        }
        catch (ProblemException refused) when (refused.Problem.Errors is { } errors)
        {
            var inItsOwnWords = record.InItsOwnWords(errors);
            throw new ProblemException(
                refused.Problem.Kind == Refusals.InvalidCommand ? Refusals.Invalid(inItsOwnWords) : refused.Problem with { Errors = inItsOwnWords });
        }
    }
}

/// <summary>
/// What an Odoo 18 automation rule posts. Each field but the first four may have <c>x_</c> or <c>x_studio_</c> before its
/// name, and <c>false</c> means that it is empty.
/// </summary>
public sealed record OdooOrder
{
    /// <summary>The record's model, such as <c>sale.order</c>.</summary>
    [JsonPropertyName("_model")]
    public required string Model { get; init; }

    /// <summary>The record's id; with the model it makes a repetition recognisable.</summary>
    [JsonPropertyName("_id")]
    public required long RecordId { get; init; }

    /// <summary>The automation rule, such as <c>Order a tenant(#12)</c>.</summary>
    [JsonPropertyName("_action")]
    public string? Action { get; init; }

    /// <summary>The record's id once more.</summary>
    public long? Id { get; init; }
    public required string Code { get; init; }
    public required string Name { get; init; }
    public required string Offer { get; init; }

    [JsonPropertyName("customer_name")]
    public string? CustomerName { get; init; }

    [JsonPropertyName("customer_email")]
    public string? CustomerEmail { get; init; }
    public string? Plan { get; init; }
    public string? Template { get; init; }
    public string? Lang { get; init; }
    public string? Tz { get; init; }

    [JsonPropertyName("date_format")]
    public string? DateFormat { get; init; }
    public string? Currency { get; init; }
    public string? Country { get; init; }
    public string? Vat { get; init; }

    [JsonPropertyName("callback_url")]
    public string? CallbackUrl { get; init; }
}
