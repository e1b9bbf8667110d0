using System.Security.Cryptography;
using System.Text.Json;

namespace Bibind.ControlPlane.Servers;

/// <summary>An application server and the PostgreSQL cluster behind it; holds names of secrets, never values.</summary>
public sealed record Server
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;

    /// <summary>Position in lists; of two servers with as much room the one with the lower number is taken.</summary>
    public int Sequence { get; init; }
    public string? Description { get; init; }

    /// <summary>Address of the application, without a slash at the end.</summary>
    public string Url { get; init; } = string.Empty;
    public string? Ip { get; init; }

    /// <summary>Port of the application.</summary>
    public int Port { get; init; }
    public string? SshUser { get; init; }
    public string? SshSecret { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public string DbHost { get; init; } = string.Empty;
    public int DbPort { get; init; }

    /// <summary>The maintenance role.</summary>
    public string DbUser { get; init; } = string.Empty;

    /// <summary>The role that the application connects as and that owns live databases.</summary>
    public string ApplicationRole { get; init; } = string.Empty;
    public string DbPasswordSecret { get; init; } = string.Empty;

    /// <summary>Name of the secret with the password of <see cref="ApplicationRole"/>; null for a server registered before it was needed.</summary>
    public string? ApplicationPasswordSecret { get; init; }
    public string? MasterPasswordSecret { get; init; }
    public int? CpuCores { get; init; }
    public int? MemoryGb { get; init; }
    public int? DiskGb { get; init; }
    public int MaxTenants { get; init; }

    /// <summary>One of <see cref="ServerStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>True if it takes no new tenants.</summary>
    public bool Draining { get; init; }

    /// <summary>One of <see cref="ServerHealth"/>.</summary>
    public string Health { get; init; } = string.Empty;

    /// <summary>Why it is not healthy, or what should be known of it; null if there is nothing to say, or it was never checked.</summary>
    public string? HealthReason { get; init; }
    public DateTimeOffset? LastCheck { get; init; }

    /// <summary>The version that its application answered with last; null until it has answered.</summary>
    public string? ApplicationVersion { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Tenants that hold places: every state but failed and terminated.</summary>
    public int TenantCount { get; init; }

    /// <summary>Copies that moves of tenants make or have left there.</summary>
    public int MovedCopies { get; init; }

    /// <summary>The places that they hold.</summary>
    public int UsedPlaces { get; init; }

    /// <summary>Free places in per cent of all, rounded down; 0 for an overfull server.</summary>
    public int AvailableCapacityPercent => Math.Max(0, (int)((long)(MaxTenants - UsedPlaces) * 100 / MaxTenants));

    /// <summary>True if it takes requests.</summary>
    public bool Online => State == ServerStates.Active && Health != ServerHealth.Critical;

    /// <summary>What may be changed of it.</summary>
    public ServerFields Fields => new()
    {
        Name = Name,
        Sequence = Sequence,
        Description = Description,
        Url = Url,
        Ip = Ip,
        Port = Port,
        SshUser = SshUser,
        SshSecret = SshSecret,
        Region = Region,
        Labels = Labels,
        DatabaseHost = DbHost,
        DatabasePort = DbPort,
        DatabaseUser = DbUser,
        ApplicationRole = ApplicationRole,
        CpuCores = CpuCores,
        MemoryGb = MemoryGb,
        DiskGb = DiskGb,
        MaxTenants = MaxTenants,
    };

    /// <summary>Another one for each other content of what operators decide; what is measured and counted has no part in it.</summary>
    public string Version => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Id, Fields, State, Draining })))[..32];
}

/// <summary>The states of a server.</summary>
public static class ServerStates
{
    public const string Draft = "draft";
    public const string Active = "active";
    public const string Maintenance = "maintenance";
    public const string Offline = "offline";
    public const string Disabled = "disabled";

    /// <summary>All of them, in the order in which a server goes through them.</summary>
    public static IReadOnlyList<string> All { get; } = [Draft, Active, Maintenance, Offline, Disabled];

    /// <summary>True if a server may go from one state to the other. Nothing leads out of disabled.</summary>
    public static bool MayChange(string from, string to) => (from, to) switch
    {
        (Draft, Active) or (Active, Maintenance) or (Maintenance, Active) or (Active, Offline) or (Offline, Active) => true,
        (Draft or Active or Maintenance or Offline, Disabled) => true,
        _ => false,
    };
}

/// <summary>What the last check of a server found.</summary>
public static class ServerHealth
{
    public const string Healthy = "healthy";
    public const string Warning = "warning";
    public const string Critical = "critical";
    public const string Unknown = "unknown";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Healthy, Warning, Critical, Unknown];
}

/// <summary>One recorded change of a server's state.</summary>
public sealed record ServerStateChange
{
    public string FromState { get; init; } = string.Empty;
    public string ToState { get; init; } = string.Empty;
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
}
