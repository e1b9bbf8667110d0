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
    public static string Describe(ServerConnection server, string role, string password) => Describe(server, role, password, TimeoutSeconds, "bibind connection test");

    /// <summary>As the maintenance role, for a check of the server's health.</summary>
    /// <param name="server">How to reach it.</param>
    /// <param name="limitSeconds">How long connecting, and each statement, may take.</param>
    public static string ForHealth(ServerConnection server, int limitSeconds) =>
        Describe(server, server.DatabaseUser, server.DatabasePassword, limitSeconds, "bibind health check");

    private static string Describe(ServerConnection server, string role, string password, int limitSeconds, string name) => new NpgsqlConnectionStringBuilder
    {
        Host = server.DatabaseHost,
        Port = server.DatabasePort,
        Username = role,
        Password = password,
        Database = "postgres",
        Timeout = limitSeconds,
        CommandTimeout = limitSeconds,
        Pooling = false,
        Options = "-c search_path=pg_catalog",
        ApplicationName = name,
    }.ConnectionString;
}
