using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary><c>/api/moves</c>, and the moves of a tenant and of a server.</summary>
internal static class MovesApi
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(365);
    private static readonly QueryParameter Tenant = new("tenant", "Only moves of the tenant with this code.");
    private static readonly QueryParameter Server = new("server", "Only moves from or to the server with this code.");
    private static readonly QueryParameter State = new("state", "Only moves in this state.", MoveStates.All);

    public static void MapMoves(this IEndpointRouteBuilder routes)
    {
        routes.MapGroup("/api/tenants/{code}").WithTags("moves").MapPost("/move", MoveAsync).NeedsRole(Role.Admin)
            .Describe("moveTenant", "Moves a tenant to another server, now or later; with dryRun it only says what would become of it")
            .Takes<MoveTenant>().TakesKey().Answers<MovePreview>().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        routes.MapGroup("/api/servers/{code}").WithTags("moves").MapPost("/moves", EmptyAsync).NeedsRole(Role.Admin)
            .Describe("moveServerTenants", "Moves the tenants of a draining server elsewhere, a few at once")
            .Takes<EmptyServer>().TakesKey().Answers<ServerJobAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

        var moves = routes.MapGroup("/api/moves").WithTags("moves");
        moves.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listMoves", "Lists moves of tenants, newest first")
            .TakesQuery(Tenant, Server, State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<MoveView>>();
        moves.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).Describe("getMove", "Shows a move")
            .Answers<MoveView>().Refuses(StatusCodes.Status404NotFound);
        moves.MapPost("/{id}/confirm", ConfirmAsync).NeedsRole(Role.Admin)
            .Describe("confirmMove", "Removes the copy that a move has left on the former server").TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        moves.MapPost("/{id}/cancel", CancelAsync).NeedsRole(Role.Admin).Describe("cancelMove", "Calls a move off that has not begun")
            .Answers<MoveView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> MoveAsync(HttpContext context, string code, MoveOrdering ordering, TimeProvider time)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<MoveTenant>(context, (given, _) => Task.FromResult(FindWrong(given, time.GetUtcNow())));
        Codes.RequireTenant(code);

        var wish = new MoveWish
        {
            Server = command.Server,
            Region = command.Region,
            Labels = command.Labels ?? [],
            StartAt = command.StartAt?.ToUniversalTime(),
            Reason = command.Reason,
            RequestedBy = context.Caller().Name,
        };
        return command.DryRun
            ? TypedResults.Ok(await ordering.PreviewAsync(code, wish, context.RequestAborted))
            : await ordering.MoveAsync(code, wish, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/move", command), context.RequestAborted);
    }

    private static async Task<IResult> EmptyAsync(HttpContext context, string code, MoveOrdering ordering, ServerStore servers, IOptions<MoveOptions> options)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<EmptyServer>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        return await ordering.EmptyAsync(
            server.Code, command.AtOnce ?? options.Value.AtOnce, context.Caller().Name,
            CommandRequest.Of(context, key, $"POST /api/servers/{server.Code}/moves", command), context.RequestAborted);
    }

    private static async Task<IResult> ListAsync(HttpContext context, MoveStore moves)
    {
        var query = new QueryReader(context);
        var filter = new MoveFilter { Tenant = query.Code(Tenant.Name), Server = query.Code(Server.Name), State = query.Choice(State.Name) };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await moves.ListAsync(filter, page, context.RequestAborted), MoveView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, MoveStore moves) =>
        TypedResults.Ok(MoveView.Of(await moves.FindAsync(IdOf(id), context.RequestAborted) ?? throw NoSuchMove()));

    private static Task<OrderResponse> ConfirmAsync(HttpContext context, string id, MoveOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var request = CommandRequest.Of(context, key, $"POST /api/moves/{IdOf(id)}/confirm", null);
        return ordering.ConfirmAsync(IdOf(id), context.Caller().Name, request, context.RequestAborted);
    }

    private static async Task<IResult> CancelAsync(HttpContext context, string id, MoveOrdering ordering) =>
        TypedResults.Ok(MoveView.Of(await ordering.CancelAsync(IdOf(id), context.Caller().Name, context.RequestAborted)));

    private static long IdOf(string id) =>
        long.TryParse(id, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw NoSuchMove();

    private static ProblemException NoSuchMove() => new(ProblemFactory.NotFound("There is no move with this id; GET /api/moves lists them."));

    private static IReadOnlyDictionary<string, string[]> FindWrong(MoveTenant command, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        RecordedReason.Add(errors, command.Reason);

        if (command.Server is { } server && !Codes.IsPlausible(server))
        {
            errors.Add("server", "must be the code of a server: GET /api/servers lists them");
        }

        if (command.Region is { } region && !PlacementTerms.IsRegion(region))
        {
            errors.Add("region", PlacementTerms.RegionRule);
        }

        if (command.Labels is { } labels && !PlacementTerms.AreLabels(labels))
        {
            errors.Add("labels", PlacementTerms.LabelRule);
        }

        if (command.StartAt is { } at && (at <= now || at > now + LongestWait))
        {
            errors.Add("startAt", "must be in the future, and at most a year ahead; leave it out to move at once");
        }

        return errors.ToDictionary();
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(EmptyServer command)
    {
        var errors = new FieldErrors();
        if (command.AtOnce is < 1 or > 100)
        {
            errors.Add("atOnce", "must be 1 to 100: how many tenants are moved at once");
        }

        return errors.ToDictionary();
    }
}
