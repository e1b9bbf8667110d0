using Bibind.Contracts;

namespace Bibind.ControlPlane.Pools;

/// <summary>The states of a pool entry.</summary>
public static class PoolEntryStates
{
    /// <summary>It is being made.</summary>
    public const string Filling = "filling";

    /// <summary>An order may take it.</summary>
    public const string Ready = "ready";

    /// <summary>An order has taken it.</summary>
    public const string Taken = "taken";

    /// <summary>It is to be dropped.</summary>
    public const string Draining = "draining";
}

/// <summary>A row of the pool.</summary>
internal sealed record PoolEntryRow
{
    public long Id { get; init; }
    public long ServerId { get; init; }
    public long? TemplateId { get; init; }
    public string Database { get; init; } = string.Empty;
    public string Source { get; init; } = string.Empty;
    public string ContentHash { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public long? Oid { get; init; }
    public DateTimeOffset? NextAt { get; init; }
    public DateTimeOffset? ReadyAt { get; init; }

    public PoolEntry ToEntry(string serverCode) => new()
    {
        EntryId = Id,
        ServerId = ServerId,
        ServerCode = serverCode,
        Database = Database,
        TemplateId = TemplateId,
        Source = Source,
        ContentHash = ContentHash,
        Oid = Oid,
    };
}

/// <summary>A server as far as its pools are concerned.</summary>
internal sealed record PooledServer
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public bool Draining { get; init; }
    public string Health { get; init; } = string.Empty;
    public bool OnlyCapacityWarns { get; init; }
    public bool Removed { get; init; }
    public int? DiskGb { get; init; }

    /// <summary>What its databases take, as its last check found; null where that is not known.</summary>
    public long? DatabaseBytes { get; init; }
    public long? FileStoreFreeBytes { get; init; }
    public long? FileStoreBytes { get; init; }

    /// <summary>Orders that are being carried out on it.</summary>
    public long Orders { get; init; }

    /// <summary>True where no pool is wanted at all: what is there is drained.</summary>
    public bool WantsNone => Removed || Draining || State is "disabled" or "draft";
}

/// <summary>A template as far as its pool is concerned.</summary>
internal sealed record PooledTemplate
{
    public long Id { get; init; }
    public string Database { get; init; } = string.Empty;
    public string? ContentHash { get; init; }
    public long Bytes { get; init; }
    public int Wanted { get; init; }

    public bool IsCurrent(PoolEntryRow entry) => entry.TemplateId == Id && entry.Source == Database && entry.ContentHash == ContentHash;
}
