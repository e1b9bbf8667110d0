using System.Globalization;
using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Processes;

/// <summary>How a program of PostgreSQL is told where to connect: never by arguments, which everyone on the machine can read.</summary>
internal static class PostgresEnvironment
{
    private const string ConnectSeconds = "10";

    public static void Apply(IDictionary<string, string?> environment, ServerConnection server, string database)
    {
        // A service file or options of whoever started us must not lead elsewhere.
        foreach (var inherited in environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            environment.Remove(inherited);
        }

        environment["PGHOST"] = server.DatabaseHost;
        environment["PGPORT"] = server.DatabasePort.ToString(CultureInfo.InvariantCulture);
        environment["PGUSER"] = server.DatabaseUser;
        environment["PGPASSWORD"] = server.DatabasePassword;
        environment["PGDATABASE"] = database;
        environment["PGAPPNAME"] = "bibind";
        environment["PGCONNECT_TIMEOUT"] = ConnectSeconds;
    }
}
