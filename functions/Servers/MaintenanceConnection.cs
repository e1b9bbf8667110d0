using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Servers;

/// <summary>How the host itself connects to a server: to <c>postgres</c> only, where nothing is found but PostgreSQL's own catalogue.</summary>
internal static class MaintenanceConnection
{
    internal const int TimeoutSeconds = 5;

    /// <summary>As the maintenance role.</summary>
    public static string Describe(ServerConnection server) => Describe(server, server.DatabaseUser, server.DatabasePassword);

    /// <summary>As a role.</summary>
    public static string Describe(ServerConnection server, string role, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = server.DatabaseHost,
        Port = server.DatabasePort,
        Username = role,
        Password = password,
        Database = "postgres",
        Timeout = TimeoutSeconds,
        CommandTimeout = TimeoutSeconds,
        Pooling = false,
        Options = "-c search_path=pg_catalog",
        ApplicationName = "bibind connection test",
    }.ConnectionString;
}
