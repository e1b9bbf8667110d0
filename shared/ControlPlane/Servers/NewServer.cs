namespace Bibind.ControlPlane.Servers;

/// <summary>What is told of a server and may be changed later; secrets are elsewhere.</summary>
public record ServerFields
{
    public required string Name { get; init; }
    public int Sequence { get; init; } = 10;
    public string? Description { get; init; }

    /// <summary>Address of the application, http or https; unique.</summary>
    public required string Url { get; init; }
    public string? Ip { get; init; }
    public int Port { get; init; } = 8069;
    public string? SshUser { get; init; }

    /// <summary>Name of the secret that holds the SSH key.</summary>
    public string? SshSecret { get; init; }

    /// <summary>Where it stands; orders may ask for a region.</summary>
    public string? Region { get; init; }

    /// <summary>What is special about it; an order is placed where all labels are that it asks for.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
    public string DatabaseHost { get; init; } = "localhost";
    public int DatabasePort { get; init; } = 5432;

    /// <summary>The maintenance role: it creates and drops databases from outside and enters none of them.</summary>
    public string DatabaseUser { get; init; } = "bibind_maintenance";

    /// <summary>The role that the application connects as, and that we enter tenants' databases as.</summary>
    public string ApplicationRole { get; init; } = "odoo";
    public int? CpuCores { get; init; }
    public int? MemoryGb { get; init; }

    /// <summary>The disk that its databases share; how full it is, is measured against it.</summary>
    public int? DiskGb { get; init; }

    /// <summary>Its places; a tenant takes one unless its order, plan or offer says more.</summary>
    public int MaxTenants { get; init; } = 100;
}

/// <summary>A server to register; it begins as a draft.</summary>
public sealed record NewServer : ServerFields
{
    public required string Code { get; init; }

    /// <summary>The password of <see cref="ServerFields.DatabaseUser"/>. Stored as a secret, never in the row.</summary>
    public required string DatabasePassword { get; init; }

    /// <summary>The password of <see cref="ServerFields.ApplicationRole"/>. Stored as a secret, never in the row.</summary>
    public required string ApplicationPassword { get; init; }

    /// <summary>The application's master password, where it has one. Stored as a secret, never in the row.</summary>
    public string? MasterPassword { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Code} ({DatabaseUser}@{DatabaseHost}:{DatabasePort})";
}
