namespace Bibind.Activities.Backup.Needs;

/// <summary>What restoring a backup needs of a server, and what of the database does not come back. Part of the manifest.</summary>
public sealed record RestoreNeeds
{
    /// <summary>Major version of the server that was dumped; a restore needs this one or a newer one.</summary>
    public required int ServerMajor { get; init; }

    /// <summary>Extensions that are made anew.</summary>
    public IReadOnlyList<NeededExtension> Extensions { get; init; } = [];

    /// <summary>What only a superuser could restore, and what depends on it: it is left out.</summary>
    public IReadOnlyList<LeftOutObject> LeftOut { get; init; } = [];

    /// <summary>Roles that own objects or have rights on them, but for the one that dumped: everything will belong to whom restores.</summary>
    public IReadOnlyList<string> OtherRoles { get; init; } = [];

    /// <summary>True if there are materialized views, which are filled after everything else.</summary>
    public bool HasMaterializedViews { get; init; }

    /// <summary>What does not come back, in words.</summary>
    internal IReadOnlyList<string> Notes() => LeftOut.Count == 0 ? [] : [LeftOutNote(LeftOut.Select(o => o.What))];

    /// <summary>A sentence about what is left out.</summary>
    internal static string LeftOutNote(IEnumerable<string> what)
    {
        const int Shown = 10;
        var all = what.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var more = all.Count > Shown ? $" and {all.Count - Shown} more" : string.Empty;
        return $"Left out of a restore, because only a superuser can make it or it leads to another server: {string.Join(", ", all.Take(Shown))}{more}.";
    }
}

/// <summary>An extension that a restored database has again.</summary>
public sealed record NeededExtension(string Name, string Version);

/// <summary>An object that is in the dump and is not restored.</summary>
/// <param name="Class">Oid of the catalogue that has it, as in the dump's list.</param>
/// <param name="Oid">Its oid there.</param>
/// <param name="What">In words, such as <c>extension dblink</c>.</param>
public sealed record LeftOutObject(long Class, long Oid, string What);
