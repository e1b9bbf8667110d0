namespace Bibind.ControlPlane.Databases;

/// <summary>Whose a database is: a tenant's, a version of a template's, or that of a trial of such a version.</summary>
public sealed record DatabaseHolder
{
    private DatabaseHolder(long? tenantId, long? templateId, int number = 1, bool isTrial = false)
    {
        TenantId = tenantId;
        TemplateId = templateId;
        Number = number;
        IsTrial = isTrial;
    }

    public long? TenantId { get; }

    public long? TemplateId { get; }

    public static DatabaseHolder Tenant(long id) => new(id, null);

    /// <summary>The number of the template's version; 1 for a tenant's.</summary>
    public int Number { get; }

    /// <summary>True for what a version of a template is tried out in.</summary>
    public bool IsTrial { get; }

    public static DatabaseHolder Template(long id, int number = 1) => new(null, id, number);

    public static DatabaseHolder Trial(long templateId, int number) => new(null, templateId, number, isTrial: true);

    /// <inheritdoc/>
    public override string ToString() => TenantId is { } tenant ? $"tenant {tenant}"
        : $"{(IsTrial ? "the trial of " : string.Empty)}template {TemplateId}{(Number > 1 ? $" version {Number}" : string.Empty)}";
}

/// <summary>What a database is for.</summary>
public static class DatabasePurposes
{
    /// <summary>The holder's own, also while it still bears the name under which it is made.</summary>
    public const string Current = "current";

    /// <summary>What a restore replaced, until it is dropped.</summary>
    public const string Former = "former";

    /// <summary>What a backup is restored into.</summary>
    public const string Restore = "restore";

    /// <summary>What a backup or a version of a template is tried out in.</summary>
    public const string Trial = "trial";

    /// <summary>A ready clone: of a template until an order takes it, of the order's tenant until it bears the tenant's name.</summary>
    public const string Pool = "pool";
}

/// <summary>A database that is ours.</summary>
public sealed record KnownDatabase
{
    public required long ServerId { get; init; }

    /// <summary>PostgreSQL's number for it; null if there was one that could not be recognised.</summary>
    public required uint? Oid { get; init; }

    /// <summary>The name that it has, or is about to get.</summary>
    public required string Name { get; init; }
    public required DatabaseHolder Holder { get; init; }

    /// <summary>One of <see cref="DatabasePurposes"/>.</summary>
    public required string Purpose { get; init; }

    /// <summary>The job and the backup that it was brought back by: <c>job/backup</c>.</summary>
    public string? Restored { get; init; }

    /// <summary>Versions the content of a template that is locked.</summary>
    public string? ContentHash { get; init; }
}

/// <summary>What is known of a holder on a server.</summary>
/// <param name="All">Its databases.</param>
/// <param name="HasUnseen">True if the server has databases of an older installation that nobody has looked for.</param>
public sealed record KnownDatabases(IReadOnlyList<KnownDatabase> All, bool HasUnseen)
{
    /// <summary>The one with a number; null if there is none.</summary>
    public KnownDatabase? Find(uint oid) => All.FirstOrDefault(d => d.Oid == oid);
}

/// <summary>A database of an older installation, by what was known of it then.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Its name.</param>
/// <param name="Mark">How the comment on it begins; null if it never had one.</param>
/// <param name="Owner">The login that made databases then.</param>
/// <param name="IsTemplate">True for a template's.</param>
/// <param name="Purpose">One of <see cref="DatabasePurposes"/>.</param>
public sealed record UnseenDatabase(long Id, string Name, string? Mark, string Owner, bool IsTemplate, string Purpose);
