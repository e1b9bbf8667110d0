using System.Text.Json;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A delivery of a console, as far as it was read.</summary>
internal sealed class OdooDelivery(WebhookCaller caller)
{
    public WebhookCaller Caller => caller;

    /// <summary>Null until it was understood as one.</summary>
    public OdooRecord? Record { get; set; }

    /// <summary>What is kept of the body; null until it was understood as JSON.</summary>
    public string? Body { get; set; }
}

/// <summary>Writes down what became of deliveries: the console logs a status and nothing else. What cannot be kept is answered all the same.</summary>
internal sealed class DeliveryNotes(WebhookLog log, ILogger<DeliveryNotes> logger)
{
    private const int MostFields = 30;
    private const int MostMessages = 3;

    // The caller waits for a second at most, and may have gone by then.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>It was done, or had been.</summary>
    public Task TakenAsync(OdooDelivery delivery, RecordResult result) => KeepAsync(
        Of(delivery) with
        {
            State = result.IsRepeated ? WebhookStates.Repeated : WebhookStates.Taken,
            Status = StatusCodes.Status202Accepted,
            Tenant = result.Tenant,
            Reason = result.Note,
            JobId = result.Job,
        });

    /// <summary>It was refused.</summary>
    public Task RefusedAsync(OdooDelivery delivery, Problem problem)
    {
        var kept = Of(delivery) with
        {
            State = WebhookStates.Refused,
            Status = problem.Status,
            Kind = problem.Kind,
            Reason = JobSteps.Cut(problem.Detail),
            Errors = problem.Errors is { } errors ? JsonSerializer.Serialize(Cut(errors), ApiJson.Options) : null,
        };
        Logs.WebhookRefused(logger, kept.Caller, kept.Event ?? "nothing that is known", kept.Model, kept.RecordId, kept.Status, kept.Kind, kept.Reason);
        return KeepAsync(kept);
    }

    private static WebhookDelivery Of(OdooDelivery delivery) => new()
    {
        Caller = delivery.Caller.Name,
        Model = delivery.Record?.Model,
        RecordId = delivery.Record?.RecordId,
        Event = delivery.Record?.Event,
        Tenant = delivery.Record?.Find(WebhookFields.Code) is { } code && Codes.IsPlausible(code) ? code : null,
        Notes = delivery.Record is { } record ? [.. record.Notes.Select(JobSteps.Cut)] : [],
        Body = delivery.Body,
    };

    private static Dictionary<string, string[]> Cut(IReadOnlyDictionary<string, string[]> errors) =>
        errors.Take(MostFields).ToDictionary(e => e.Key, e => (string[])[.. e.Value.Take(MostMessages).Select(JobSteps.Cut)]);

    private async Task KeepAsync(WebhookDelivery delivery)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await log.RecordAsync(delivery, limit.Token);
        }
        catch (Exception failure)
        {
            Logs.DeliveryNotKept(logger, delivery.Caller, delivery.State, delivery.Reason ?? "nothing to say", failure);
        }
    }
}
