using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>How a server is put to work.</summary>
public sealed record ActivateServer
{
    /// <summary>Leaves out the application's part of the connection test; needs a reason.</summary>
    public bool SkipApplicationTest { get; init; }

    /// <summary>Why; recorded with the change of state.</summary>
    public string? Reason { get; init; }
}

/// <summary><c>/api/servers</c>.</summary>
internal static class ServersApi
{
    private static readonly QueryParameter State = new("state", "Only servers in this state.", ServerStates.All);
    private static readonly QueryParameter Health = new("health", "Only servers of this health.", ServerHealth.All);
    private static readonly QueryParameter Region = new("region", "Only servers in this region.");
    private static readonly QueryParameter Label = new("label", "Only servers with this label.");

    public static void MapServers(this IEndpointRouteBuilder routes)
    {
        var servers = routes.MapGroup("/api/servers").WithTags("servers");
        servers.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createServer", "Registers a server, as a draft")
            .Takes<NewServer>().Answers<ServerView>(StatusCodes.Status201Created).Refuses(StatusCodes.Status409Conflict);
        servers.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listServers", "Lists the servers, in their sequence").TakesQuery(State, Health, Region, Label, QueryParameter.Page, QueryParameter.PageSize)
            .Answers<ListResponse<ServerView>>();
        servers.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).Describe("getServer", "Shows a server")
            .Answers<ServerView>().Refuses(StatusCodes.Status404NotFound);
        servers.MapGet("/{code}/check", CheckAsync).NeedsRole(Role.Admin)
            .Describe("checkServer", "Tests the connection to a server and says what its roles may that they should not, or lack")
            .Answers<ConnectionTestResult>().Refuses(StatusCodes.Status404NotFound);
        servers.MapPost("/{code}/activate", ActivateAsync).NeedsRole(Role.Admin)
            .Describe("activateServer", "Tests the connection to a server and puts it to work")
            .Takes<ActivateServer>().Answers<ServerView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        servers.MapCredentials();
        servers.MapServerChanges();
        servers.MapServerHealth();
        servers.MapBestServer();
    }

    private static async Task<IResult> CreateAsync(HttpContext context, ServerStore servers)
    {
        var command = await CommandReader.ReadAsync<NewServer>(context, (given, _) => Task.FromResult(ServerValidation.Check(given)));
        return await servers.CreateAsync(command, context.Caller().Name, context.RequestAborted) switch
        {
            ServerCreated created => Created(context, created.Server),
            ServerRefused refused => throw new ProblemException(
                ProblemFactory.Conflict($"server-{refused.Field}-taken", "The server is registered already", refused.Message, refused.Field)),
            var other => throw new InvalidOperationException($"A registration cannot end as {other.GetType().Name}."),
        };
    }

    private static Created<ServerView> Created(HttpContext context, Server server)
    {
        EntityTag.Show(context, server.Version);
        return TypedResults.Created($"/api/servers/{server.Code}", ServerView.Of(server));
    }

    private static async Task<IResult> ListAsync(HttpContext context, ServerStore servers)
    {
        var query = new QueryReader(context);
        var filter = new ServerFilter
        {
            State = query.Choice(State.Name),
            Health = query.Choice(Health.Name),
            Region = query.Words(Region.Name, 32),
            Label = query.Words(Label.Name, 127),
        };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await servers.ListAsync(filter, page, context.RequestAborted), ServerView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, ServerStore servers, WarmPoolViews pools)
    {
        var server = await GetAsync(code, servers, context.RequestAborted);
        EntityTag.Show(context, server.Version);
        return TypedResults.Ok(ServerView.Of(server) with { Pools = await TemplatePoolApi.OfServerAsync(pools, server.Code, context.RequestAborted) });
    }

    /// <summary>The server, with the tag that a change of it is to name.</summary>
    internal static IResult Answer(HttpContext context, Server server)
    {
        EntityTag.Show(context, server.Version);
        return TypedResults.Ok(ServerView.Of(server));
    }

    private static async Task<IResult> CheckAsync(HttpContext context, string code, ServerStore servers, IServerDirectory directory, ConnectionTest test)
    {
        var server = await GetAsync(code, servers, context.RequestAborted);
        var connection = await directory.GetConnectionAsync(server.Id, context.RequestAborted);
        return TypedResults.Ok(await test.RunAsync(connection, context.RequestAborted));
    }

    private static async Task<IResult> ActivateAsync(
        HttpContext context, string code, ServerStore servers, ServerHealthStore health, ServerHealthRound round, IServerDirectory directory, ConnectionTest test)
    {
        var command = context.Request.ContentLength is 0 or null && context.Request.ContentType is null
            ? new ActivateServer()
            : await CommandReader.ReadAsync<ActivateServer>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var server = await GetAsync(code, servers, context.RequestAborted);
        if (!ServerStates.MayChange(server.State, ServerStates.Active) && server.State != ServerStates.Active)
        {
            throw new ProblemException(NotAllowed($"Server '{code}' is {server.State}: it cannot become {ServerStates.Active}."));
        }

        var connection = await directory.GetConnectionAsync(server.Id, context.RequestAborted);
        var result = await test.RunAsync(connection, context.RequestAborted);
        if (!result.Database.Ok || (!result.Application.Ok && !command.SkipApplicationTest))
        {
            throw new ProblemException(Failed(code, result));
        }

        var why = result.Application.Ok
            ? $"{command.Reason ?? "the connection test passed"}{(result.Application.Warning is { } warning ? $" ({warning})" : "")}"
            : $"{command.Reason} (the test of the application was skipped: {result.Application.Message})";
        var active = Changed(await servers.ActivateAsync(code, context.Caller().Name, why, context.RequestAborted));
        if (result.Application.Version is { } version)
        {
            await health.SetApplicationVersionAsync(active.Id, version, context.RequestAborted);
        }

        // What was wrong with it before is not to keep orders away until its next check.
        if (active.Health is ServerHealth.Critical or ServerHealth.Warning)
        {
            await round.CheckNowAsync(await GetAsync(code, servers, context.RequestAborted), context.RequestAborted);
        }

        return Answer(context, await GetAsync(code, servers, context.RequestAborted));
    }

    /// <summary>The server in its new state.</summary>
    /// <exception cref="ProblemException">404 or 409: it keeps its state.</exception>
    internal static Server Changed(ServerStateResult result) => result switch
    {
        ServerStateSet set => set.Server,
        ServerStateRefused { Kind: ServerStateRefusal.NotFound } refused => throw new ProblemException(ProblemFactory.NotFound(refused.Message)),
        ServerStateRefused { Kind: ServerStateRefusal.HasTenants } refused => throw new ProblemException(HasTenants(refused.Message)),
        ServerStateRefused refused => throw new ProblemException(NotAllowed(refused.Message)),
        _ => throw new InvalidOperationException($"A change of state cannot end as {result.GetType().Name}."),
    };

    private static IReadOnlyDictionary<string, string[]> FindWrong(ActivateServer command)
    {
        var errors = new FieldErrors();
        if (command.SkipApplicationTest && string.IsNullOrWhiteSpace(command.Reason))
        {
            errors.Add("reason", "is needed when skipApplicationTest is true; it is recorded");
        }

        if (command.Reason?.Length > RecordedReason.Longest)
        {
            errors.Add("reason", $"must have {RecordedReason.Longest} characters at most");
        }

        return errors.ToDictionary();
    }

    internal static async Task<Server> GetAsync(string code, ServerStore servers, CancellationToken cancellation) =>
        (Codes.IsPlausible(code) ? await servers.FindAsync(code, cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NotFound("There is no server with this code; GET /api/servers lists them."));

    internal static Problem HasTenants(string detail) => ProblemFactory.Conflict("server-in-use", "The server is in use", detail);

    private static Problem NotAllowed(string detail) =>
        ProblemFactory.Conflict("server-state", "The server's state does not allow it", detail);

    private static Problem Failed(string code, ConnectionTestResult result) => new(
        StatusCodes.Status422UnprocessableEntity,
        "connection-test-failed",
        "The connection test failed",
        string.Join(' ', new[] { $"Server '{code}' was not activated.", Said("Database", result.Database), Said("Application", result.Application) }.Where(s => s.Length > 0)))
    {
        Checks = result,
    };

    private static string Said(string part, CheckResult check) => check.Ok ? string.Empty : $"{part}: {check.Message}";
}
