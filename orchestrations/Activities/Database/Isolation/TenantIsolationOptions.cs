namespace Bibind.Activities.Database.Isolation;

/// <summary>Settings <c>Database:*</c>: which role a tenant's SQL runs as.</summary>
public sealed class TenantIsolationOptions
{
    public const string Section = "Database";

    /// <summary>One application role for all tenants: a tenant's SQL may reach the other tenants' databases.</summary>
    public const string Shared = "shared";

    /// <summary>A role for each tenant, behind a pooler that logs in with it.</summary>
    public const string Role = "role";

    /// <summary>What templates are made from on servers whose tenants have roles of their own: empty, and its schema "public" is the templates' role's.</summary>
    public const string EmptyDatabase = "bibind_empty";

    /// <summary><c>shared</c> or <c>role</c>; unless given, <c>role</c> on servers for which a PgBouncer is configured and <c>shared</c> elsewhere.</summary>
    public string? TenantIsolation { get; set; }

    /// <summary>The poolers, at most one for each server.</summary>
    public IList<PgBouncerOptions> PgBouncer { get; } = [];

    /// <summary>The pooler in front of a server; null if its tenants share the application's role.</summary>
    public PgBouncerOptions? PoolerOf(string serverCode) =>
        TenantIsolation == Shared ? null : PgBouncer.FirstOrDefault(p => p.Server == serverCode);
}

/// <summary>Settings <c>Database:PgBouncer:{n}:*</c>: the PgBouncer in front of one server.</summary>
public sealed class PgBouncerOptions
{
    /// <summary>The server's code in the control database.</summary>
    public string Server { get; set; } = string.Empty;

    /// <summary>The file that <c>pgbouncer.ini</c> includes and that is ours: it holds passwords, so only PgBouncer's account may read it.</summary>
    public string DatabasesFile { get; set; } = string.Empty;

    /// <summary>Where PgBouncer listens, for its console.</summary>
    public string Host { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 6432;

    /// <summary>One of PgBouncer's <c>admin_users</c>.</summary>
    public string AdminUser { get; set; } = "bibind_pooler";

    public string AdminPassword { get; set; } = string.Empty;

    /// <summary>Where PgBouncer finds PostgreSQL; as we do unless given.</summary>
    public string? ServerHost { get; set; }

    public int? ServerPort { get; set; }

    /// <summary>The role that owns what is in templates. It owns no database and enters templates that are built and clones that nobody has used.</summary>
    public string TemplateRole { get; set; } = "bibind_template";

    public string TemplatePassword { get; set; } = string.Empty;

    /// <summary>Path of <c>psql</c>, which speaks with PgBouncer's console; the newest that is installed unless given.</summary>
    public string? Psql { get; set; }
}
