using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;

namespace Bibind.Functions.Servers;

/// <summary>How one part of a connection test went.</summary>
/// <param name="Ok">True if it can be worked with.</param>
/// <param name="Message">What was found, or what is wrong and how to mend it.</param>
/// <param name="Warning">What works and should not be so; null if there is nothing.</param>
public sealed record CheckResult(bool Ok, string Message, string? Warning = null)
{
    /// <summary>The version that was answered; null where none was.</summary>
    public string? Version { get; init; }
}

/// <summary>A server's connection test.</summary>
/// <param name="Application">The application's JSON-RPC.</param>
/// <param name="Database">The PostgreSQL cluster.</param>
public sealed record ConnectionTestResult(CheckResult Application, CheckResult Database)
{
    /// <summary>Both parts passed.</summary>
    public bool Ok => Application.Ok && Database.Ok;
}

/// <summary>Tries a server before tenants are put on it.</summary>
public sealed class ConnectionTest(ApplicationProbe application, DatabaseProbe database, TemplateStore templates)
{
    /// <summary>Tries both parts at once; never throws for a server that does not answer.</summary>
    public async Task<ConnectionTestResult> RunAsync(ServerConnection server, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        var applicationCheck = application.CheckAsync(server.Url, cancellation);
        var databaseCheck = CheckDatabaseAsync(server, cancellation);
        return new ConnectionTestResult(await applicationCheck, await databaseCheck);
    }

    /// <summary>Tries the PostgreSQL cluster only.</summary>
    public async Task<CheckResult> CheckDatabaseAsync(ServerConnection server, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        var filter = new TemplateFilter { ServerCode = server.Code };
        var ready = (await templates.ListAsync(filter, cancellation)).Where(t => t.Ready).Select(t => t.Database).ToList();
        return await database.CheckAsync(server, ready, cancellation);
    }
}
