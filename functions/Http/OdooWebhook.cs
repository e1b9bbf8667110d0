using System.Text.Json.Serialization;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>
/// <c>/webhooks/odoo/{token}</c>: Odoo can neither sign nor send headers, so the address is the credential. It waits one
/// second and never asks again, hence what it asks for is taken here and worked on elsewhere.
/// </summary>
internal static class OdooWebhook
{
    public static void MapOdooWebhook(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/odoo/{token}", ReceiveAsync).WithTags("webhooks")
            .Describe("odooWebhook", "Takes what an Odoo automation rule asks for: a tenant, or something for one that is there")
            .Takes<OdooOrder>().Answers<WebhookAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

    private static async Task<IResult> ReceiveAsync(
        HttpContext context, string token, Callers callers, TokenUses uses, TenantOrdering tenants, RecordOrdering ordering, DeliveryNotes notes, TimeProvider time)
    {
        var found = callers.FindWebhook(token)
            ?? throw new ProblemException(ProblemFactory.NotFound("This webhook address is unknown; use one that the settings name (OdooWebhooks__N)."));
        if (!uses.Accept(found.Name))
        {
            throw new ProblemException(ProblemFactory.NotFound($"This webhook address ended at {found.Name.NotAfter:u}; use the one that replaced it (OdooWebhooks__N)."));
        }

        var delivery = new OdooDelivery(found.Owner);
        try
        {
            new QueryReader(context).ThrowIfAny();
            using var body = await CommandReader.ReadJsonAsync(context);
            delivery.Body = OdooBody.Show(body.RootElement, found.Owner.Mapping);
            var record = delivery.Record = OdooRecord.Read(body.RootElement, found.Owner.Mapping);
            CheckAllowed(record, found.Owner);
            var result = await (record.Event is null or WebhookEvents.Create
                ? OrderAsync(record, found.Owner, tenants, context.RequestAborted)
                : DoAsync(record, found.Owner, ordering, time.GetUtcNow(), context.RequestAborted));
            await notes.TakenAsync(delivery, result);
            return TypedResults.Accepted(
                result.Job is { } job ? JobLocation.Of(job) : $"/api/tenants/{result.Tenant}",
                new WebhookAccepted(result.Tenant, result.State, result.Job) { Event = record.Event!, Note = result.Note });
        }
        catch (ProblemException refused)
        {
            await notes.RefusedAsync(delivery, refused.Problem);
            throw;
        }
    }

    private static async Task<RecordResult> OrderAsync(OdooRecord record, WebhookCaller caller, TenantOrdering ordering, CancellationToken cancellation)
    {
        var order = OdooCommands.ReadOrder(record).ToOrder(caller.Name, caller.Customer);
        var errors = record.Errors;
        errors.AddFurther(OdooCommands.InItsOwnWords(record, await ordering.FindWrongAsync(order, isRefused: !errors.IsEmpty, cancellation)));
        errors.ThrowIfAny();
        return await InItsOwnWordsAsync(record, () => ordering.OrderForRecordAsync(order, Of(record, caller), cancellation));
    }

    private static async Task<RecordResult> DoAsync(
        OdooRecord record, WebhookCaller caller, RecordOrdering ordering, DateTimeOffset now, CancellationToken cancellation)
    {
        var wish = OdooCommands.ReadWish(record, caller.Name, now);
        record.Errors.ThrowIfAny();
        return await InItsOwnWordsAsync(record, () => ordering.DoAsync(wish!, Of(record, caller), cancellation));
    }

    // As much as a customer's token: what the provider closed, the provider opens.
    private static void CheckAllowed(OdooRecord record, WebhookCaller caller)
    {
        var refusal = record.Event is not { } asked ? null
            : !caller.Allowed.Contains(asked) ? $"This console may not {asked}; its setting OdooWebhooks__N__Allowed says: {string.Join(", ", caller.Allowed)}."
            : caller.Customer is not null && WebhookEvents.OfOperators.Contains(asked) ? $"A console that is bound to a customer cannot {asked}: that follows from what the customer pays."
            : null;
        if (refusal is not null)
        {
            throw new ProblemException(ProblemFactory.NotForCustomers with { Detail = refusal });
        }
    }

    private static WebhookRecord Of(OdooRecord record, WebhookCaller caller) =>
        new(caller.Name, record.Model!, record.RecordId!.Value) { Customer = caller.Customer, Notes = record.Notes };

    private static async Task<RecordResult> InItsOwnWordsAsync(OdooRecord record, Func<Task<RecordResult>> order)
    {
        try
        {
            return await order();
        }
        catch (ProblemException refused) when (refused.Problem.Errors is { } wrong)
        {
            var inItsOwnWords = OdooCommands.InItsOwnWords(record, wrong);
            throw new ProblemException(
                refused.Problem.Kind == ProblemFactory.InvalidCommand ? ProblemFactory.Invalid(inItsOwnWords) : refused.Problem with { Errors = inItsOwnWords });
        }
    }
}

/// <summary>What was done about a record.</summary>
/// <param name="Code">The tenant.</param>
/// <param name="State">Its state now.</param>
/// <param name="Job">The id of the job; null if none has begun yet, or none is needed.</param>
public sealed record WebhookAccepted(string Code, string State, string? Job)
{
    /// <summary>What was asked for.</summary>
    public required string Event { get; init; }

    /// <summary>What is to be said about it; null if nothing is.</summary>
    public string? Note { get; init; }
}

/// <summary>
/// What an Odoo automation rule posts. Each field but the first four may have <c>x_</c> or <c>x_studio_</c> before its
/// name, or a name of its own by the settings (<c>OdooWebhooks__N__Fields</c>), and <c>false</c> means that it is empty. Other fields are ignored, and
/// named in the job's notes.
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

    /// <summary><c>create</c> unless it says so, <c>suspend</c>, <c>resume</c>, <c>change_plan</c>, <c>cancel</c>, <c>add_domain</c> or <c>back_up</c>.</summary>
    public string? Event { get; init; }

    /// <summary>The tenant's code.</summary>
    public required string Code { get; init; }

    /// <summary>Needed by <c>create</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Needed by <c>create</c>.</summary>
    public string? Offer { get; init; }

    [JsonPropertyName("customer_name")]
    public string? CustomerName { get; init; }

    [JsonPropertyName("customer_email")]
    public string? CustomerEmail { get; init; }

    /// <summary>Needed by <c>change_plan</c>.</summary>
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

    /// <summary>For <c>change_plan</c>: <c>monthly</c> or <c>yearly</c>.</summary>
    public string? Period { get; init; }

    /// <summary>Needed by <c>add_domain</c>: a host name such as <c>shop.example.com</c>.</summary>
    public string? Domain { get; init; }

    /// <summary>For <c>suspend</c>: <c>operator</c> unless it says so, or <c>payment</c>.</summary>
    public string? Cause { get; init; }

    /// <summary>For <c>cancel</c>: <c>period_end</c> unless it says so, <c>now</c>, or a day.</summary>
    public string? When { get; init; }

    /// <summary>For <c>cancel</c>: true if no last backup is to be taken.</summary>
    [JsonPropertyName("without_backup")]
    public bool WithoutBackup { get; init; }

    /// <summary>Why, in words; recorded.</summary>
    public string? Reason { get; init; }

    /// <summary>Tells one event from another that is the same otherwise.</summary>
    [JsonPropertyName("event_key")]
    public string? EventKey { get; init; }
}
