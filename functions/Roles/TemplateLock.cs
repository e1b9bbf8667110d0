namespace Bibind.Functions.Roles;

/// <summary>What makes a database a template that only the maintenance role has.</summary>
internal static class TemplateLock
{
    /// <summary>The statements, for the maintenance role or an administrator.</summary>
    public static IReadOnlyList<string> Statements(string database, string maintenanceRole, string applicationRole)
    {
        var name = SqlNames.Quote(database);
        return
        [
            $"ALTER DATABASE {name} OWNER TO {SqlNames.Quote(maintenanceRole)}",
            $"REVOKE ALL ON DATABASE {name} FROM PUBLIC, {SqlNames.Quote(applicationRole)}",
            $"ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false",
        ];
    }
}
