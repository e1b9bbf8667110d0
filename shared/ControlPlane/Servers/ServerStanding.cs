using Bibind.Contracts;
using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Templates;

namespace Bibind.ControlPlane.Servers;

/// <summary>What a tenant needs of a server.</summary>
public sealed record PlacementWish
{
    /// <summary>The template that it is cloned from; null where none is asked for.</summary>
    public string? Template { get; init; }

    /// <summary>The name that its database will have; null where none is asked for.</summary>
    public string? DatabaseName { get; init; }
    public string? Region { get; init; }

    /// <summary>Labels that the server must have, all of them.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How many places it takes.</summary>
    public int Size { get; init; } = 1;

    /// <summary>Free places, in per cent of all, that the server must have before it.</summary>
    public int MinimumFreePercent { get; init; }
}

/// <summary>Why a server is passed over; in the order in which they are looked for.</summary>
public enum PassedOver
{
    /// <summary>It is not active, is draining, or is not healthy.</summary>
    NotServing,

    /// <summary>It has another region or lacks a label.</summary>
    NotSuitable,

    /// <summary>Its template is not ready.</summary>
    TemplateNotReady,

    /// <summary>It has too few free places.</summary>
    Full,

    /// <summary>It has a database of that name.</summary>
    DatabaseTaken,
}

/// <summary>How a server stands to a wish.</summary>
internal sealed record ServerStanding
{
    // A reason may hold what the server itself said, which can be long.
    private const int LongestReason = 200;

    public long ServerId { get; init; }
    public string ServerCode { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public bool Draining { get; init; }
    public string Health { get; init; } = string.Empty;
    public string? HealthReason { get; init; }

    /// <summary>True if it is warned of for nothing but its free places, which are counted here.</summary>
    public bool OnlyCapacityWarns { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public int Sequence { get; init; }
    public int MaxTenants { get; init; }
    public int UsedPlaces { get; init; }
    public bool DatabaseTaken { get; init; }

    /// <summary>The template's row on this server, whatever its state; null if there is none, or none was asked for.</summary>
    public long? TemplateId { get; init; }
    public string? TemplateState { get; init; }
    public string? TemplateReason { get; init; }
    public string? TemplateDatabase { get; init; }
    public string? TemplateVersion { get; init; }

    /// <summary>Which version of the template the tenant takes.</summary>
    public int TemplateNumber { get; init; } = 1;

    /// <summary>Ready clones of it that are wanted on this server.</summary>
    public int TemplateWarmPoolSize { get; init; }

    /// <summary>The ready clone that is taken there; null where none is kept.</summary>
    public PoolWish? Pool => this is { TemplateWarmPoolSize: > 0, TemplateId: { } template, TemplateDatabase: { } source, TemplateVersion: { } version }
        ? new PoolWish(template, source, version)
        : null;

    /// <summary>What the template offers on this server; null until somebody has looked.</summary>
    public TemplateContents? TemplateContents { get; init; }

    public int FreePlaces => Math.Max(0, MaxTenants - UsedPlaces);

    public decimal FreeShare => (decimal)FreePlaces / MaxTenants;

    /// <summary>Why it cannot take what is wished for, to follow its name; null if it can.</summary>
    public (PassedOver Kind, string Words)? ProblemWith(PlacementWish wish)
    {
        if (State != ServerStates.Active)
        {
            return (PassedOver.NotServing, $"is {State}");
        }

        if (Draining)
        {
            return (PassedOver.NotServing, "is draining");
        }

        if (Health is not (ServerHealth.Healthy or ServerHealth.Unknown) && !OnlyCapacityWarns)
        {
            return (PassedOver.NotServing, $"is not healthy ({Health}{(HealthReason is null ? string.Empty : $": {Cut(HealthReason)}")})");
        }

        if (wish.Region is not null && Region != wish.Region)
        {
            return (PassedOver.NotSuitable, Region is null ? "has no region" : $"is in the region {Region}");
        }

        if (wish.Labels.Except(Labels, StringComparer.Ordinal).ToList() is { Count: > 0 } missing)
        {
            return (PassedOver.NotSuitable, $"has not the label{(missing.Count == 1 ? string.Empty : "s")} {string.Join(", ", missing)}");
        }

        if (wish.Template is not null && TemplateState != TemplateStates.Ready)
        {
            return (PassedOver.TemplateNotReady, TemplateReason is null
                ? $"has no template '{wish.Template}' that is ready"
                : $"has a template '{wish.Template}' that is not ready ({Cut(TemplateReason)})");
        }

        return !HasRoom(wish)
            ? (PassedOver.Full, $"has {FreePlaces} of {MaxTenants} places free")
            : DatabaseTaken ? (PassedOver.DatabaseTaken, $"has a database '{wish.DatabaseName}' already") : null;
    }

    // Room is measured before the order, in whole numbers: no rounding lets one more in.
    private bool HasRoom(PlacementWish wish) =>
        (long)UsedPlaces + wish.Size <= MaxTenants && (long)FreePlaces * 100 >= (long)wish.MinimumFreePercent * MaxTenants;

    private static string Cut(string text) => text.Length <= LongestReason ? text.TrimEnd('.') : $"{text[..LongestReason]}…";
}
