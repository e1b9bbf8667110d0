using System.Text.Json;
using System.Text.Json.Serialization;
using Bibind.ControlPlane.Webhooks;
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

    private static async Task<IResult> ReceiveAsync(
        HttpContext context, string token, Callers callers, TokenUses uses, TenantOrdering ordering, WebhookRefusals refusals, ILogger<OdooOrder> logger)
    {
        var found = callers.FindWebhook(token)
            ?? throw new ProblemException(ProblemFactory.NotFound("This webhook address is unknown; use one that the settings name (OdooWebhooks__N)."));
        if (!uses.Accept(found.Name))
        {
            throw new ProblemException(ProblemFactory.NotFound($"This webhook address ended at {found.Name.NotAfter:u}; use the one that replaced it (OdooWebhooks__N)."));
        }

        var caller = found.Owner;
        OdooRecord? record = null;
        try
        {
            new QueryReader(context).ThrowIfAny();
            using var body = await CommandReader.ReadJsonAsync(context);
            record = OdooRecord.Read(body.RootElement);
            return await OrderAsync(record, caller.Name, ordering, context.RequestAborted);
        }
        catch (ProblemException refused)
        {
            await KeepAsync(refused.Problem, caller.Name, record, refusals, logger, context.RequestAborted);
            throw;
        }
    }

    private static async Task<IResult> OrderAsync(OdooRecord record, string caller, TenantOrdering ordering, CancellationToken cancellation)
    {
        var order = record.Command.ToOrder(caller);
        var errors = record.Errors;
        errors.AddFurther(record.InItsOwnWords(await ordering.FindWrongAsync(order, isRefused: !errors.IsEmpty, cancellation)));
        errors.ThrowIfAny();
        try
        {
            return await ordering.OrderForRecordAsync(
                order, new WebhookRecord(caller, record.Model!, record.RecordId!.Value) { Notes = record.Notes }, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Errors is { } wrong)
        {
            var inItsOwnWords = record.InItsOwnWords(wrong);
            throw new ProblemException(
                refused.Problem.Kind == ProblemFactory.InvalidCommand ? ProblemFactory.Invalid(inItsOwnWords) : refused.Problem with { Errors = inItsOwnWords });
        }
    }

    // The console logs the status and nothing else. It waits for a second: a refusal that cannot be kept is told all the same.
    private static async Task KeepAsync(
        Problem problem, string caller, OdooRecord? record, WebhookRefusals refusals, ILogger logger, CancellationToken cancellation)
    {
        Logs.WebhookRefused(
            logger, caller, record?.Model, record?.RecordId, problem.Status, problem.Kind, problem.Errors is { } wrong ? string.Join(", ", wrong.Keys) : "none");
        try
        {
            await refusals.RecordAsync(
                new WebhookRefusal
                {
                    Caller = caller,
                    Model = record?.Model,
                    RecordId = record?.RecordId,
                    Status = problem.Status,
                    Kind = problem.Kind,
                    Reason = JobSteps.Cut(problem.Detail),
                    Errors = problem.Errors is null ? null : JsonSerializer.Serialize(problem.Errors, ApiJson.Options),
                },
                cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Logs.RefusalNotKept(logger, caller, problem.Kind, failure);
        }
    }
}

/// <summary>
/// What an Odoo automation rule posts. Each field but the first four may have <c>x_</c> or <c>x_studio_</c> before its
/// name, and <c>false</c> means that it is empty. Other fields are ignored, and named in the job's notes.
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
