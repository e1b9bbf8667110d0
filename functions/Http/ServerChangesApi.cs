using System.Text.Json;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Http;

/// <summary>Changes of <c>/api/servers/{code}</c>, and their record.</summary>
internal static class ServerChangesApi
{
    private static readonly QueryParameter Reason = new("reason", "Why, in words; recorded. Needed.");

    public static void MapServerChanges(this RouteGroupBuilder servers)
    {
        servers.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changeServer", "Changes a server; a new address or login of an active one is tested first")
            .Takes<ChangeServer>().TakesIfMatch(isRequired: true).Answers<ServerView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        servers.MapDelete("/{code}", RemoveAsync).NeedsRole(Role.Admin)
            .Describe("removeServer", "Forgets a server that has no tenants; nothing is touched at the server itself")
            .TakesQuery(Reason).TakesIfMatch(isRequired: false).Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        Map("deactivate", "deactivateServer", "Takes a server that has no tenants out of service for good", (context, code, reason, services) =>
            SetStateAsync(context, code, ServerStates.Disabled, reason, services));
        Map("maintenance", "maintainServer", "Takes an active server out of service until it is activated again; its tenants stay", (context, code, reason, services) =>
            SetStateAsync(context, code, ServerStates.Maintenance, reason, services));
        Map("drain", "drainServer", "Marks a server, which takes no new tenants from then on", (context, code, reason, services) =>
            SetDrainingAsync(context, code, draining: true, reason, services));
        Map("undrain", "undrainServer", "Takes the mark away: the server takes new tenants again", (context, code, reason, services) =>
            SetDrainingAsync(context, code, draining: false, reason, services));
        servers.MapGet("/{code}/changes", ListAsync).NeedsRole(Role.Viewer).Describe("listServerChanges", "Lists who changed what of a server and why, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<ServerChangeView>>().Refuses(StatusCodes.Status404NotFound);

        void Map(string action, string name, string summary, Func<HttpContext, string, string, IServiceProvider, Task<Server>> act) =>
            servers.MapPost($"/{{code}}/{action}", async (HttpContext context, string code) =>
            {
                var command = await CommandReader.ReadAsync<ServerReason>(context, (given, _) => Task.FromResult(RecordedReason.FindWrong(given.Reason)));
                var server = await ServersApi.GetAsync(code, context.RequestServices.GetRequiredService<ServerStore>(), context.RequestAborted);
                return ServersApi.Answer(context, await act(context, server.Code, command.Reason, context.RequestServices));
            }).NeedsRole(Role.Admin).Describe(name, summary).Takes<ServerReason>().Answers<ServerView>()
                .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, string code, ServerStore servers, ServerChanges changes, IServerDirectory directory, ConnectionTest test, ApplicationProbe applications)
    {
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        using var body = await CommandReader.ReadJsonAsync(context);
        var given = body.RootElement.EnumerateObject().Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var nulls = body.RootElement.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Null).Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var command = await CommandReader.ReadAsync<ChangeServer>(
            body.RootElement, new FieldErrors(), (command, _) => Task.FromResult(command.FindWrong(server.Fields, given, nulls)));
        var expected = EntityTag.ReadExpected(context);
        if (expected is not null && !expected.Contains(server.Version))
        {
            throw new ProblemException(EntityTag.Stale($"Server '{code}'", server.Version));
        }

        var wanted = command.ApplyTo(server.Fields, given);
        if (server.State == ServerStates.Active)
        {
            await TestAsync(server, wanted, directory, test, applications, context.RequestAborted);
        }

        return ServersApi.Answer(context, Done(
            await changes.ChangeAsync(code, expected, wanted, context.Caller().Name, command.Reason, context.RequestAborted)));
    }

    // Tenants are served by what is changed here: what does not work is not taken over. One in maintenance is tested when it is activated.
    private static async Task TestAsync(
        Server server, ServerFields wanted, IServerDirectory directory, ConnectionTest test, ApplicationProbe applications, CancellationToken cancellation)
    {
        var before = server.Fields;
        var connection = await directory.GetConnectionAsync(server.Id, cancellation) with
        {
            Url = new Uri(wanted.Url),
            DatabaseHost = wanted.DatabaseHost,
            DatabasePort = wanted.DatabasePort,
            DatabaseUser = wanted.DatabaseUser,
            ApplicationRole = wanted.ApplicationRole,
        };
        var reachesOther = (wanted.DatabaseHost, wanted.DatabasePort, wanted.DatabaseUser, wanted.ApplicationRole)
            != (before.DatabaseHost, before.DatabasePort, before.DatabaseUser, before.ApplicationRole);
        var isNew = connection.Url != new Uri(before.Url) && server.ApplicationVersion is not null;
        var database = reachesOther ? await test.CheckDatabaseAsync(connection, cancellation) : null;
        var application = isNew ? await applications.CheckAsync(connection.Url, cancellation) : null;
        var faults = new[] { database, application }.OfType<CheckResult>().Where(c => !c.Ok).Select(c => c.Message).ToList();
        if (faults.Count > 0)
        {
            throw new ProblemException(new Problem(
                StatusCodes.Status422UnprocessableEntity, "connection-test-failed", "The connection test failed",
                $"Server '{server.Code}' stays as it was: {string.Join(' ', faults)} Take it into maintenance to change it all the same."));
        }
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string code, ServerStore servers, ServerChanges changes)
    {
        var query = new QueryReader(context);
        var reason = query.Words(Reason.Name, RecordedReason.Longest);
        query.ThrowIfAny();
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { [Reason.Name] = ["is missing: say why it is removed; it is recorded"] }));
        }

        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        Done(await changes.RemoveAsync(server.Code, EntityTag.ReadExpected(context), context.Caller().Name, reason, context.RequestAborted));
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, ServerStore servers, ServerChanges changes)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await changes.ListAsync(server.Id, page, context.RequestAborted), ServerChangeView.Of));
    }

    private static async Task<Server> SetStateAsync(HttpContext context, string code, string state, string reason, IServiceProvider services) =>
        ServersApi.Changed(await services.GetRequiredService<ServerStore>().ChangeStateAsync(code, state, context.Caller().Name, reason, context.RequestAborted));

    private static async Task<Server> SetDrainingAsync(HttpContext context, string code, bool draining, string reason, IServiceProvider services) =>
        Done(await services.GetRequiredService<ServerChanges>().SetDrainingAsync(code, null, draining, context.Caller().Name, reason, context.RequestAborted));

    private static Server Done(ServerChangeResult result) => result switch
    {
        ServerChangeResult.Done done => done.Server,
        ServerChangeResult.NotFound gone => throw new ProblemException(ProblemFactory.NotFound(gone.Message)),
        ServerChangeResult.Stale stale => throw new ProblemException(EntityTag.Stale($"Server '{stale.Server.Code}'", stale.Server.Version)),
        ServerChangeResult.InUse used => throw new ProblemException(ServersApi.HasTenants(used.Message)),
        ServerChangeResult.Taken taken => throw new ProblemException(
            ProblemFactory.Conflict($"server-{taken.Field}-taken", "The server is registered already", taken.Message, taken.Field)),
        _ => throw new InvalidOperationException($"A change cannot end as {result.GetType().Name}."),
    };
}
