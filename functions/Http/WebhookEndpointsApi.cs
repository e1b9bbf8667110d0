using System.Globalization;
using Bibind.Activities.Notices;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary><c>/api/webhook-endpoints</c>: where notices are posted to.</summary>
internal static class WebhookEndpointsApi
{
    private const int LongestUrl = 2000;
    private const int LongestDescription = 200;

    public static void MapWebhookEndpoints(this IEndpointRouteBuilder routes)
    {
        var endpoints = routes.MapGroup("/api/webhook-endpoints").WithTags("notices");
        endpoints.MapGet("/", ListAsync).NeedsRole(Role.Admin).Describe("listWebhookEndpoints", "Lists where notices are posted to, without the secrets")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<WebhookEndpointView>>();
        endpoints.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createWebhookEndpoint", "Adds an endpoint; its secret is in this answer and never again")
            .Takes<CreateWebhookEndpoint>().Answers<WebhookEndpointSecret>(StatusCodes.Status201Created);
        endpoints.MapGet("/{id}", FindAsync).NeedsRole(Role.Admin).Describe("getWebhookEndpoint", "Shows an endpoint, without its secret")
            .Answers<WebhookEndpointView>().Refuses(StatusCodes.Status404NotFound);
        endpoints.MapPatch("/{id}", ChangeAsync).NeedsRole(Role.Admin).Describe("changeWebhookEndpoint", "Changes an endpoint")
            .Takes<ChangeWebhookEndpoint>().TakesIfMatch(isRequired: true).Answers<WebhookEndpointView>().Refuses(StatusCodes.Status404NotFound);
        endpoints.MapDelete("/{id}", DeleteAsync).NeedsRole(Role.Admin).Describe("deleteWebhookEndpoint", "Takes an endpoint away with its secrets")
            .Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound);
        endpoints.MapPost("/{id}/rotate-secret", RotateAsync).NeedsRole(Role.Admin)
            .Describe("rotateWebhookSecret", "Gives an endpoint a new secret, shown this once; the former one signs beside it for a while")
            .Answers<WebhookEndpointSecret>().Refuses(StatusCodes.Status404NotFound);
        endpoints.MapPost("/{id}/test", TestAsync).NeedsRole(Role.Admin).Describe("testWebhookEndpoint", "Posts a notice of the kind test to this endpoint alone")
            .Answers<NoticeView>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, WebhookEndpointStore store)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await store.ListAsync(page, context.RequestAborted), WebhookEndpointView.Of));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, WebhookEndpointStore store, IOptions<NoticeOptions> options, ILogger<WebhookEndpointStore> logger)
    {
        var command = await CommandReader.ReadAsync<CreateWebhookEndpoint>(
            context, (given, _) => Task.FromResult(FindWrong(given.Url, given.Description, given.Kinds, options.Value)));
        var made = await store.CreateAsync(
            new EndpointFields(command.Url, command.Description, command.Kinds ?? [], Enabled: true), context.Caller().Name, context.RequestAborted);
        Logs.WebhookEndpointChanged(logger, context.Caller().Name, made.Endpoint.Id, "created");
        ShowVersion(context, made.Endpoint);
        return TypedResults.Created($"/api/webhook-endpoints/{made.Endpoint.Id}", Secret(made));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, WebhookEndpointStore store)
    {
        var endpoint = await GetAsync(id, store, context.RequestAborted);
        ShowVersion(context, endpoint);
        return TypedResults.Ok(WebhookEndpointView.Of(endpoint));
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, string id, WebhookEndpointStore store, IOptions<NoticeOptions> options, ILogger<WebhookEndpointStore> logger)
    {
        using var body = await CommandReader.ReadJsonAsync(context);
        var command = await CommandReader.ReadAsync<ChangeWebhookEndpoint>(
            body.RootElement, new FieldErrors(), (given, _) => Task.FromResult(FindWrong(given.Url, given.Description, given.Kinds, options.Value)));
        var expected = EntityTag.ReadExpected(context);
        var endpoint = await GetAsync(id, store, context.RequestAborted);
        var fields = new EndpointFields(
            command.Url ?? endpoint.Url, body.RootElement.TryGetProperty("description", out _) ? command.Description : endpoint.Description,
            command.Kinds ?? endpoint.Kinds, command.Enabled ?? endpoint.Enabled);
        var changed = expected is null || expected.Contains(VersionOf(endpoint)) ? await store.ChangeAsync(endpoint.Id, endpoint.Version, fields, context.RequestAborted) : null;
        if (changed is null)
        {
            throw new ProblemException(EntityTag.Stale("The endpoint", VersionOf(await GetAsync(id, store, context.RequestAborted))));
        }

        Logs.WebhookEndpointChanged(logger, context.Caller().Name, changed.Id, "changed");
        ShowVersion(context, changed);
        return TypedResults.Ok(WebhookEndpointView.Of(changed));
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, WebhookEndpointStore store, ILogger<WebhookEndpointStore> logger)
    {
        if (NoticesApi.NumberOf(id) is not { } number || !await store.DeleteAsync(number, context.RequestAborted))
        {
            throw NoSuchEndpoint();
        }

        Logs.WebhookEndpointChanged(logger, context.Caller().Name, number, "deleted");
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RotateAsync(HttpContext context, string id, WebhookEndpointStore store, ILogger<WebhookEndpointStore> logger)
    {
        var made = (NoticesApi.NumberOf(id) is { } number ? await store.RotateAsync(number, context.RequestAborted) : null) ?? throw NoSuchEndpoint();
        Logs.WebhookEndpointChanged(logger, context.Caller().Name, made.Endpoint.Id, "new secret");
        ShowVersion(context, made.Endpoint);
        return TypedResults.Ok(Secret(made));
    }

    private static async Task<IResult> TestAsync(HttpContext context, string id, WebhookEndpointStore endpoints, NoticeStore notices)
    {
        var notice = (NoticesApi.NumberOf(id) is { } number ? await endpoints.TestAsync(number, context.Caller().Name, context.RequestAborted) : null) ?? throw NoSuchEndpoint();
        var deliveries = await notices.DeliveriesOfAsync([notice], context.RequestAborted);
        return TypedResults.Accepted($"/api/notices/{notice}", NoticeView.Of((await notices.FindAsync(notice, context.RequestAborted))!, deliveries[notice]));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(string? url, string? description, IReadOnlyList<string>? kinds, NoticeOptions options)
    {
        var errors = new FieldErrors();
        if (url is not null && (url.Length > LongestUrl || PlainText.ProblemWith(url, mayHaveLines: false) is not null))
        {
            errors.Add("url", $"must be an address of {LongestUrl} characters at most");
        }
        else if (url is not null && WebhookSender.RefusalOf(url, options.AllowPrivateTargets) is { } refusal)
        {
            errors.Add("url", refusal);
        }

        if (description is not null && (description.Length is 0 or > LongestDescription || PlainText.ProblemWith(description, mayHaveLines: false) is not null))
        {
            errors.Add("description", $"must be 1 to {LongestDescription} characters in one line");
        }

        if (kinds is not null && (kinds.Any(k => !NoticeKinds.Causes.Contains(k)) || kinds.Distinct().Count() != kinds.Count))
        {
            errors.Add("kinds", $"must be some of {string.Join(", ", NoticeKinds.Causes)}, each once; leave it empty for all");
        }

        return errors.ToDictionary();
    }

    private static WebhookEndpointSecret Secret(EndpointWithSecret made) => new(WebhookEndpointView.Of(made.Endpoint), made.Secret);

    private static async Task<WebhookEndpoint> GetAsync(string id, WebhookEndpointStore store, CancellationToken cancellationToken) =>
        (NoticesApi.NumberOf(id) is { } number ? await store.FindAsync(number, cancellationToken) : null) ?? throw NoSuchEndpoint();

    private static string VersionOf(WebhookEndpoint endpoint) => endpoint.Version.ToString(CultureInfo.InvariantCulture);

    private static void ShowVersion(HttpContext context, WebhookEndpoint endpoint) => EntityTag.Show(context, VersionOf(endpoint));

    private static ProblemException NoSuchEndpoint() =>
        new(ProblemFactory.NotFound("There is no webhook endpoint with this id; GET /api/webhook-endpoints lists them."));
}
