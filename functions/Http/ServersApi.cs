using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Http;

/// <summary>How a server is put to work.</summary>
public sealed record ActivateServer
{
    /// <summary>Leaves out the application's part of the connection test; needs a reason.</summary>
    public bool SkipApplicationTest { get; init; }

    /// <summary>Why; recorded with the change of state.</summary>
    public string? Reason { get; init; }
}

/// <summary>A server as people see it: names of secrets are left out, values are nowhere.</summary>
public sealed record ServerView(
    string Code,
    string Name,
    int Sequence,
    string? Description,
    string Url,
    string? Ip,
    int Port,
    string DatabaseHost,
    int DatabasePort,
    string DatabaseUser,
    string ApplicationRole,
    int? CpuCores,
    int? MemoryGb,
    int? DiskGb,
    int MaxTenants,
    int TenantCount,
    int AvailableCapacityPercent,
    string State,
    string Health,
    bool Online,
    DateTimeOffset? LastCheck,
    DateTimeOffset CreatedAt)
{
    /// <summary>From a row.</summary>
    public static ServerView Of(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return new ServerView(
            server.Code, server.Name, server.Sequence, server.Description, server.Url, server.Ip, server.Port,
            server.DbHost, server.DbPort, server.DbUser, server.ApplicationRole, server.CpuCores, server.MemoryGb, server.DiskGb,
            server.MaxTenants, server.TenantCount, server.AvailableCapacityPercent, server.State, server.Health, server.Online,
            server.LastCheck, server.CreatedAt);
    }
}

/// <summary><c>/api/servers</c>.</summary>
internal static class ServersApi
{
    private const int LongestReason = 500;

    public static void MapServers(this IEndpointRouteBuilder routes)
    {
        var servers = routes.MapGroup("/api/servers").WithTags("servers");
        servers.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createServer", "Registers a server, as a draft")
            .Takes<NewServer>().Answers<ServerView>(StatusCodes.Status201Created).Refuses(StatusCodes.Status409Conflict);
        servers.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listServers", "Lists the servers, all in one answer").TakesQuery()
            .Answers<ListAnswer<ServerView>>();
        servers.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).Describe("getServer", "Shows a server")
            .Answers<ServerView>().Refuses(StatusCodes.Status404NotFound);
        servers.MapGet("/{code}/check", CheckAsync).NeedsRole(Role.Admin)
            .Describe("checkServer", "Tests the connection to a server and says what its roles may that they should not, or lack")
            .Answers<ConnectionTestResult>().Refuses(StatusCodes.Status404NotFound);
        servers.MapPost("/{code}/activate", ActivateAsync).NeedsRole(Role.Admin)
            .Describe("activateServer", "Tests the connection to a server and puts it to work")
            .Takes<ActivateServer>().Answers<ServerView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        servers.MapCredentials();
    }

    private static async Task<IResult> CreateAsync(HttpContext context, ServerStore servers)
    {
        var command = await CommandReader.ReadAsync<NewServer>(context, (given, _) => Task.FromResult(ServerValidation.Check(given)));
        return await servers.CreateAsync(command, context.RequestAborted) switch
        {
            ServerCreated created => TypedResults.Created($"/api/servers/{created.Server.Code}", ServerView.Of(created.Server)),
            ServerRefused refused => throw new ProblemException(
                Refusals.Conflict($"server-{refused.Field}-taken", "The server is registered already", refused.Message, refused.Field)),
            var other => throw new InvalidOperationException($"A registration cannot end as {other.GetType().Name}."),
        };
    }

    private static async Task<IResult> ListAsync(HttpContext context, ServerStore servers)
    {
        new QueryReader(context).ThrowIfAny();
        return TypedResults.Ok(Paging.ShowAll(await servers.ListAsync(context.RequestAborted), ServerView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, ServerStore servers) =>
        TypedResults.Ok(ServerView.Of(await GetAsync(code, servers, context.RequestAborted)));

    private static async Task<IResult> CheckAsync(HttpContext context, string code, ServerStore servers, IServerDirectory directory, ConnectionTest test)
    {
        var server = await GetAsync(code, servers, context.RequestAborted);
        var connection = await directory.GetConnectionAsync(server.Id, context.RequestAborted);
        return TypedResults.Ok(await test.RunAsync(connection, context.RequestAborted));
    }

    private static async Task<IResult> ActivateAsync(
        HttpContext context, string code, ServerStore servers, IServerDirectory directory, ConnectionTest test)
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
        return await servers.ActivateAsync(code, context.Caller().Name, why, context.RequestAborted) switch
        {
            ServerStateSet set => TypedResults.Ok(ServerView.Of(set.Server)),
            ServerStateRefused { Kind: ServerStateRefusal.NotFound } refused => throw new ProblemException(Refusals.NotFound(refused.Message)),
            ServerStateRefused refused => throw new ProblemException(NotAllowed(refused.Message)),
            var other => throw new InvalidOperationException($"An activation cannot end as {other.GetType().Name}."),
        };
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ActivateServer command)
    {
        var errors = new FieldErrors();
        if (command.SkipApplicationTest && string.IsNullOrWhiteSpace(command.Reason))
        {
            errors.Add("reason", "is needed when skipApplicationTest is true; it is recorded");
        }

        if (command.Reason?.Length > LongestReason)
        {
            errors.Add("reason", $"must have {LongestReason} characters at most");
        }

        return errors.ToDictionary();
    }

    internal static async Task<Server> GetAsync(string code, ServerStore servers, CancellationToken cancellation) =>
        (Codes.IsPlausible(code) ? await servers.FindAsync(code, cancellation) : null)
        ?? throw new ProblemException(Refusals.NotFound("There is no server with this code; GET /api/servers lists them."));

    private static Problem NotAllowed(string detail) =>
        Refusals.Conflict("server-state", "The server's state does not allow it", detail);

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
