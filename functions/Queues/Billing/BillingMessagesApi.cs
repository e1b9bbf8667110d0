using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Billing;
using Bibind.Functions.Http;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Queues.Billing;

/// <summary>A correction of a message that cannot be applied; it is tried again by <c>replay</c>.</summary>
public sealed record CorrectBillingMessage
{
    /// <summary>The type; stays unless given.</summary>
    public string? Type { get; init; }

    /// <summary>The data as they are to be, wholly.</summary>
    public required JsonElement Data { get; init; }

    /// <summary>Why; recorded with what the message was.</summary>
    public required string Reason { get; init; }
}

/// <summary>A message of billing's with what became of it.</summary>
/// <param name="Id">Billing's own id.</param>
/// <param name="State">waiting, done, parked, passed, refused or deleted.</param>
/// <param name="Cause">Why it waits or is parked, in a word.</param>
/// <param name="Reason">The same in words, or what is to be said about its effect.</param>
/// <param name="Job">The job that it started.</param>
/// <param name="Deliveries">How often it was delivered.</param>
public record BillingMessageView(
    string Id, string Type, string Tenant, long Sequence, DateTimeOffset OccurredAt, string State, string? Cause, string? Reason, string? Job, int Deliveries,
    DateTimeOffset ReceivedAt, DateTimeOffset UpdatedAt)
{
    /// <summary>From a row.</summary>
    internal static BillingMessageView Of(BillingMessageEntry m) => new(
        m.Id, m.Type, m.Tenant, m.Sequence, m.OccurredAt, m.State, m.Cause, m.Reason, m.JobId, m.Deliveries, m.ReceivedAt, m.UpdatedAt);
}

/// <summary>What somebody did about a message.</summary>
/// <param name="Action">edit, replay or delete.</param>
/// <param name="Who">Who.</param>
/// <param name="Reason">Why.</param>
/// <param name="TypeBefore">The type that it had.</param>
/// <param name="DataBefore">The data that it had.</param>
/// <param name="At">When.</param>
public sealed record BillingMessageChangeView(string Action, string Who, string Reason, string TypeBefore, JsonElement DataBefore, DateTimeOffset At);

/// <summary>A message in full.</summary>
/// <param name="Message">The message.</param>
/// <param name="Data">What it says.</param>
/// <param name="Changes">What was done about it, newest first.</param>
public sealed record BillingMessageDetails(BillingMessageView Message, JsonElement Data, IReadOnlyList<BillingMessageChangeView> Changes);

/// <summary><c>/api/billing/messages</c>.</summary>
internal static class BillingMessagesApi
{
    private static readonly QueryParameter State = new("state", "Only messages in this state.", BillingStates.All);
    private static readonly QueryParameter Tenant = new("tenant", "Only messages about the tenant with this code.");
    private static readonly QueryParameter Reason = new("reason", "Why, in words; recorded. Needed.");
    private static readonly ProblemException NoSuchMessage = new(ProblemFactory.NotFound("There is no message with this id; GET /api/billing/messages lists them."));

    public static void MapBillingMessages(this IEndpointRouteBuilder routes)
    {
        var messages = routes.MapGroup("/api/billing/messages").WithTags("billing");
        messages.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listBillingMessages", "Lists billing's messages without their data, newest first")
            .TakesQuery(State, Tenant, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<BillingMessageView>>();
        messages.MapGet("/{id}", FindAsync).NeedsRole(Role.Manager).Describe("getBillingMessage", "Shows a message with its data and what people did about it")
            .Answers<BillingMessageDetails>().Refuses(StatusCodes.Status404NotFound);
        messages.MapPut("/{id}", CorrectAsync).NeedsRole(Role.Admin).Describe("correctBillingMessage", "Corrects a message that cannot be applied")
            .Takes<CorrectBillingMessage>().Answers<BillingMessageDetails>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        messages.MapPost("/{id}/replay", ReplayAsync).NeedsRole(Role.Admin).Describe("replayBillingMessage", "Tries a message again that is parked, refused or waiting")
            .Answers<BillingMessageDetails>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        messages.MapDelete("/{id}", DeleteAsync).NeedsRole(Role.Admin).Describe("deleteBillingMessage", "Gives a message up; it stays on record, with the reason")
            .TakesQuery(Reason).Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(HttpContext context, BillingMessageStore messages)
    {
        var query = new QueryReader(context);
        var (state, tenant) = (query.Choice(State.Name), query.Code(Tenant.Name));
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await messages.ListAsync(state, tenant, page, context.RequestAborted), BillingMessageView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, BillingMessageStore messages) =>
        await ShowAsync(IdOf(id), messages, context.RequestAborted);

    private static async Task<IResult> CorrectAsync(HttpContext context, string id, BillingMessageStore messages, ILogger<BillingMessageStore> logger)
    {
        using var body = await CommandReader.ReadJsonAsync(context);
        var command = await CommandReader.ReadAsync<CorrectBillingMessage>(body.RootElement, new FieldErrors(), (c, _) => Task.FromResult(FindWrong(c)));
        var wish = new BillingMessageWish(BillingMessageWish.Edit, context.Caller().Name, command.Reason) { Type = command.Type, Data = command.Data.GetRawText() };
        var message = await DoAsync(IdOf(id), wish, messages, logger, context.RequestAborted);
        return await ShowAsync(message.Id, messages, context.RequestAborted);
    }

    private static async Task<IResult> ReplayAsync(
        HttpContext context, string id, BillingMessageStore messages, BillingHandler handler, ILogger<BillingMessageStore> logger)
    {
        var wish = new BillingMessageWish(BillingMessageWish.Replay, context.Caller().Name, "It is to be tried again.");
        var message = await DoAsync(IdOf(id), wish, messages, logger, context.RequestAborted);
        await handler.RetryWaitingAsync(message.Tenant, context.RequestAborted);
        return await ShowAsync(message.Id, messages, context.RequestAborted);
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, string id, BillingMessageStore messages, BillingHandler handler, ILogger<BillingMessageStore> logger)
    {
        var query = new QueryReader(context);
        var reason = query.Words(Reason.Name, RecordedReason.Longest);
        query.ThrowIfAny();
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { [Reason.Name] = ["is missing: say why it is given up; it is recorded"] }));
        }

        var wish = new BillingMessageWish(BillingMessageWish.Delete, context.Caller().Name, reason);
        var message = await DoAsync(IdOf(id), wish, messages, logger, context.RequestAborted);
        await handler.RetryWaitingAsync(message.Tenant, context.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<BillingMessageEntry> DoAsync(
        string id, BillingMessageWish wish, BillingMessageStore messages, ILogger logger, CancellationToken cancellation)
    {
        switch (await messages.DoAsync(id, wish, cancellation))
        {
            case BillingWishResult.Done done:
                Logs.BillingMessageMended(logger, id, wish.Who, wish.Action, wish.Reason);
                return done.Message;
            case BillingWishResult.WrongState wrong:
                throw new ProblemException(ProblemFactory.Conflict("message-state", "The state does not allow it", wrong.Message));
            default:
                throw NoSuchMessage;
        }
    }

    private static async Task<IResult> ShowAsync(string id, BillingMessageStore messages, CancellationToken cancellation)
    {
        var message = await messages.FindAsync(id, cancellation) ?? throw NoSuchMessage;
        var changes = await messages.ListChangesAsync(id, cancellation);
        return TypedResults.Ok(new BillingMessageDetails(
            BillingMessageView.Of(message), JsonOf(message.Data),
            [.. changes.Select(c => new BillingMessageChangeView(c.Action, c.Who, c.Reason, c.TypeBefore, JsonOf(c.DataBefore), c.ChangedAt))]));
    }

    private static JsonElement JsonOf(string json) => JsonSerializer.Deserialize<JsonElement>(json);

    private static IReadOnlyDictionary<string, string[]> FindWrong(CorrectBillingMessage command)
    {
        var errors = new FieldErrors();
        RecordedReason.Add(errors, command.Reason);
        if (command.Type is { } type && !BillingTypes.All.Contains(type, StringComparer.Ordinal))
        {
            errors.Add("type", $"is unknown; known are {string.Join(", ", BillingTypes.All)}");
        }

        if (command.Data.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            errors.Add("data", $"must be an object, not {JsonWords.Of(command.Data)}");
        }

        return errors.ToDictionary();
    }

    // A slash in an id is the one character that routing leaves escaped. What PostgreSQL cannot store nobody can have.
    private static string IdOf(string id)
    {
        var plain = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return PlainText.ProblemWith(plain, mayHaveLines: false) is null ? plain : throw NoSuchMessage;
    }
}
