using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Http;

/// <summary>Passwords that were changed at a server. What is left out stays.</summary>
public sealed record ChangeServerCredentials
{
    /// <summary>The password of the maintenance role.</summary>
    public string? DatabasePassword { get; init; }

    /// <summary>The password of the application's role.</summary>
    public string? ApplicationPassword { get; init; }

    /// <summary>The application's master password.</summary>
    public string? MasterPassword { get; init; }

    /// <inheritdoc/>
    public override string ToString() => "passwords of a server";
}

/// <summary><c>POST /api/servers/{code}/credentials</c>.</summary>
internal static class ServerCredentials
{
    public static void MapCredentials(this RouteGroupBuilder servers) =>
        servers.MapPost("/{code}/credentials", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changeServerCredentials", "Stores passwords that were changed at a server, after testing the connection with them")
            .Takes<ChangeServerCredentials>().Answers<ServerView>().Refuses(StatusCodes.Status404NotFound);

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, ServerStore servers, ServerLogins logins, IServerDirectory directory, ConnectionTest test)
    {
        var command = await CommandReader.ReadAsync<ChangeServerCredentials>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        var connection = await directory.GetConnectionAsync(server.Id, context.RequestAborted);
        var changed = connection with
        {
            DatabasePassword = command.DatabasePassword ?? connection.DatabasePassword,
            ApplicationPassword = command.ApplicationPassword ?? connection.ApplicationPassword,
            MasterPassword = command.MasterPassword ?? connection.MasterPassword,
        };
        var result = await test.CheckDatabaseAsync(changed, context.RequestAborted);
        if (!result.Ok)
        {
            throw new ProblemException(new Problem(
                StatusCodes.Status422UnprocessableEntity, "connection-test-failed", "The connection test failed",
                $"The passwords of server '{code}' stay as they were: change them at the server first. Database: {result.Message}"));
        }

        await logins.SetPasswordsAsync(
            server, command.DatabasePassword, command.ApplicationPassword, command.MasterPassword, context.Caller().Name, context.RequestAborted);
        return ServersApi.Answer(context, await ServersApi.GetAsync(code, servers, context.RequestAborted));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeServerCredentials command)
    {
        var errors = new FieldErrors();
        foreach (var (field, value) in new[]
        {
            ("databasePassword", command.DatabasePassword), ("applicationPassword", command.ApplicationPassword), ("masterPassword", command.MasterPassword),
        })
        {
            if (value is "")
            {
                errors.Add(field, "must not be empty: leave it out if it stays");
            }
        }

        if ((command.DatabasePassword ?? command.ApplicationPassword ?? command.MasterPassword) is null)
        {
            errors.Add("databasePassword", "or applicationPassword or masterPassword is needed: what was changed at the server");
        }

        return errors.ToDictionary();
    }
}
