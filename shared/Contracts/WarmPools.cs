using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>A ready clone that an order has taken: its database and its files get the tenant's names instead of being copied.</summary>
/// <param name="EntryId">Which one.</param>
/// <param name="Database">The name that its database had in the pool.</param>
/// <param name="Oid">PostgreSQL's number for it, by which it is known whatever its name.</param>
/// <param name="Bytes">Its size when it was made.</param>
/// <param name="HasFiles">True if a file store goes with it.</param>
public sealed record PooledClone(long EntryId, string Database, long Oid, long Bytes, bool HasFiles);

/// <summary>A clone that waits for a tenant, or is to be made or dropped.</summary>
public sealed record PoolEntry
{
    /// <summary>Its row; 0 for a database that no row is known of.</summary>
    public required long EntryId { get; init; }
    public required long ServerId { get; init; }
    public required string ServerCode { get; init; }

    /// <summary>The name of its database, and of its file store.</summary>
    public required string Database { get; init; }

    /// <summary>The template; null once it is gone.</summary>
    public long? TemplateId { get; init; }

    /// <summary>The template's database, which it is cloned from.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>The version of the template that it is cloned from.</summary>
    public string ContentHash { get; init; } = string.Empty;

    /// <summary>PostgreSQL's number for its database, once that is recorded.</summary>
    public long? Oid { get; init; }
}

/// <summary>The pools of one server.</summary>
/// <param name="ServerId">The server.</param>
/// <param name="ServerCode">Its code.</param>
public sealed record WarmPoolOrder(long ServerId, string ServerCode);

/// <summary>What to do about a server's pools now.</summary>
public sealed record WarmPoolPlan
{
    /// <summary>Clones to make, or to go on making; all at once.</summary>
    public IReadOnlyList<PoolEntry> Fill { get; init; } = [];

    /// <summary>Clones to drop, one after the other.</summary>
    public IReadOnlyList<PoolEntry> Drop { get; init; } = [];

    /// <summary>How long to wait before the next look; null if there is nothing to come back for.</summary>
    public TimeSpan? Wait { get; init; }
}

/// <summary>Ready clones of templates.</summary>
public static class WarmPools
{
    /// <summary>Instance id of what fills a server's pools; there is one for each server, whatever the number of hosts.</summary>
    public static string InstanceOf(long serverId) => FormattableString.Invariant($"timer-warm-pools-{serverId}");

    /// <summary>Looks at a server's pools and decides what is to be made and dropped.</summary>
    public static readonly ActivityDefinition<WarmPoolOrder, WarmPoolPlan> Plan = new("pools.plan", Policies.Round);

    /// <summary>Makes a clone ready. A failure is noted at the entry, which comes again.</summary>
    public static readonly ActivityDefinition<PoolEntry, Unit> Fill = new("pools.fill", Policies.Round);

    /// <summary>Drops clones with their files. A failure is noted at the entry, which comes again.</summary>
    public static readonly ActivityDefinition<IReadOnlyList<PoolEntry>, Unit> Drop = new("pools.drop", Policies.Round);
}
