using System.Globalization;
using Bibind.Activities.Database;

namespace Bibind.Activities.Processes;

/// <summary>How a program of PostgreSQL is told where to connect: never by arguments, which everyone on the machine can read.</summary>
internal static class PostgresEnvironment
{
    private const string ConnectSeconds = "10";

    public static void Apply(IDictionary<string, string?> environment, DatabaseEntry entry, IReadOnlyDictionary<string, string> settings)
    {
        RemoveInherited(environment);
        environment["PGHOST"] = entry.Server.DatabaseHost;
        environment["PGPORT"] = entry.Server.DatabasePort.ToString(CultureInfo.InvariantCulture);
        environment["PGUSER"] = entry.Login.Role;
        environment["PGPASSWORD"] = entry.Login.Password;
        environment["PGDATABASE"] = entry.Database;
        environment["PGOPTIONS"] = SessionSettings.AsOptions(settings);
        environment["PGAPPNAME"] = "bibind";
        environment["PGCONNECT_TIMEOUT"] = ConnectSeconds;
    }

    /// <summary>A service file or options of whoever started us must not lead elsewhere.</summary>
    public static void RemoveInherited(IDictionary<string, string?> environment)
    {
        foreach (var inherited in environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            environment.Remove(inherited);
        }
    }
}
