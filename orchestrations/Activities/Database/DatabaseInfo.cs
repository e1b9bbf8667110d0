using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Database;

/// <summary>What a server answered about a database.</summary>
public sealed record DatabaseInfo
{
    /// <summary>PostgreSQL's number for it, which a rename does not change.</summary>
    public required uint Oid { get; init; }
    public required string Name { get; init; }

    /// <summary>The role that owns it.</summary>
    public required string Owner { get; init; }

    /// <summary>True if the login that we look with owns it, which no tenant's login can bring about.</summary>
    public required bool IsOwnedByUs { get; init; }

    /// <summary>A hint for people. Whoever owns the database writes it.</summary>
    public required string? Comment { get; init; }

    /// <summary>True while it is held back from the application.</summary>
    public required bool IsTemplate { get; init; }

    /// <summary>False once it is locked.</summary>
    public required bool AllowsConnections { get; init; }

    /// <summary>True if a DROP of it was interrupted: it can only be dropped, and nobody knows what of it is left.</summary>
    public required bool IsInvalid { get; init; }

    /// <summary>What we know of it, where it is ours.</summary>
    public KnownDatabase? Known { get; init; }
}
