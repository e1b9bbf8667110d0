namespace Bibind.Activities.Database;

/// <summary>
/// The settings that our sessions begin with. They are given with the connection: so they win over whatever <c>alter role … set</c> and
/// <c>alter database … set</c> say, which a tenant may run for his role and his database.
/// </summary>
internal static class SessionSettings
{
    // Minutes: a table is rewritten, a large database counted. An endless query of ours ends, whoever planted its cause.
    private const string StatementLimit = "30min";
    private const string LockLimit = "20s";
    private const string Off = "0";

    /// <summary>On <c>postgres</c>. Nothing but PostgreSQL's own catalogue is found there by an unqualified name.</summary>
    public static IReadOnlyDictionary<string, string> Maintenance { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["search_path"] = "pg_catalog",
        ["role"] = "none",
        ["statement_timeout"] = StatementLimit,
        ["lock_timeout"] = "60s",
        ["idle_in_transaction_session_timeout"] = Off,
        ["default_transaction_read_only"] = "off",
        ["default_transaction_isolation"] = "read committed",
        ["standard_conforming_strings"] = "on",
    };

    /// <summary>In a database that a tenant writes to.</summary>
    public static IReadOnlyDictionary<string, string> Tenant(int majorVersion) => Entered(majorVersion, "pg_catalog,public,pg_temp", StatementLimit, LockLimit);

    /// <summary>For PostgreSQL's programs, whose statements and waits are as long as the database is large.</summary>
    public static IReadOnlyDictionary<string, string> Programs(int majorVersion) => Entered(majorVersion, "pg_catalog,public,pg_temp", Off, Off);

    /// <summary>For the application's program, which makes its tables in the first schema of the path.</summary>
    public static IReadOnlyDictionary<string, string> Application(int majorVersion) => Entered(majorVersion, "public", Off, Off);

    /// <summary>As a connection's options are written, also in <c>PGOPTIONS</c>.</summary>
    public static string AsOptions(IReadOnlyDictionary<string, string> settings) =>
        string.Join(' ', settings.Select(s => $"-c {s.Key}={Escape(s.Value)}"));

    private static Dictionary<string, string> Entered(int majorVersion, string searchPath, string statementLimit, string lockLimit)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["search_path"] = searchPath,
            ["role"] = "none",
            ["statement_timeout"] = statementLimit,
            ["lock_timeout"] = lockLimit,
            ["idle_in_transaction_session_timeout"] = Off,
            ["default_transaction_read_only"] = "off",
            ["default_transaction_deferrable"] = "off",
            ["default_transaction_isolation"] = "read committed",
            // A policy that would hide rows from us is an error instead.
            ["row_security"] = "off",
            ["local_preload_libraries"] = string.Empty,
            ["default_tablespace"] = string.Empty,
            ["temp_tablespaces"] = string.Empty,
            ["standard_conforming_strings"] = "on",
            ["transform_null_equals"] = "off",
            ["bytea_output"] = "hex",
            ["DateStyle"] = "ISO",
            ["TimeZone"] = "UTC",
        };
        if (majorVersion >= 14)
        {
            settings["idle_session_timeout"] = Off;
        }

        if (majorVersion >= 17)
        {
            settings["transaction_timeout"] = Off;
        }

        return settings;
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(" ", "\\ ", StringComparison.Ordinal);
}
