using System.Text.Json.Serialization;

namespace Bibind.Local.Demo;

/// <summary>A job, as the API shows it (docs/api.md).</summary>
internal sealed record JobView
{
    public required string Id { get; init; }

    public string? Tenant { get; init; }

    public required string State { get; init; }

    public double? DurationMs { get; init; }

    public string? Reason { get; init; }

    public JobResult? Result { get; init; }

    public JobInventory? Inventory { get; init; }

    public IReadOnlyList<JobStep> Steps { get; init; } = [];

    [JsonIgnore]
    public bool HasEnded => State is "succeeded" or "failed" or "cancelled";

    [JsonIgnore]
    public bool HasSucceeded => State == "succeeded";
}

/// <summary>What a provisioning gave.</summary>
internal sealed record JobResult
{
    public string? Database { get; init; }

    public string? Host { get; init; }

    public string? BaseUrl { get; init; }

    public long TenantId { get; init; }

    /// <summary>Where its first backup is; the product says it of backups, not of the order.</summary>
    public string? BackupKey { get; init; }

    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>What a removal left, as the servers themselves said.</summary>
internal sealed record JobInventory(IReadOnlyList<JobInventoryItem> Items);

/// <summary>One thing that was looked for.</summary>
internal sealed record JobInventoryItem(string Kind, string Name, string State, string? Detail)
{
    [JsonIgnore]
    public bool IsGone => State == "absent";
}

/// <summary>One step of a job.</summary>
internal sealed record JobStep
{
    public required string Name { get; init; }

    public required string State { get; init; }

    public int Attempts { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public double? DurationMs { get; init; }

    public string? Error { get; init; }

    [JsonIgnore]
    public bool HasEnded => State is "succeeded" or "failed";
}

/// <summary>A page of jobs, newest first.</summary>
internal sealed record JobPage(IReadOnlyList<JobItem> Items);

/// <summary>One of them.</summary>
internal sealed record JobItem(string Id);

/// <summary>A page of backups, newest first.</summary>
internal sealed record BackupPage(IReadOnlyList<BackupItem> Items);

/// <summary>One of them.</summary>
internal sealed record BackupItem(string Id);

/// <summary>What the people of a tenant sign in with.</summary>
internal sealed record TenantPasswords(string Url, TenantPassword? Administrator, TenantPassword? User);

/// <summary>A person's.</summary>
internal sealed record TenantPassword(string Login, string Password);

/// <summary>A page of tenants.</summary>
internal sealed record TenantPage(IReadOnlyList<TenantItem> Items, int Total);

/// <summary>One of them.</summary>
internal sealed record TenantItem(string Code)
{
    public string State { get; init; } = string.Empty;

    public IReadOnlyList<PendingItem> PendingItems { get; init; } = [];
}

/// <summary>The demonstration's tenants, by their numbers.</summary>
internal sealed record DemoTenants(IReadOnlyList<(int Number, TenantItem Tenant)> All)
{
    /// <summary>The code of the newest that works; null if none does.</summary>
    public string? Working => All.LastOrDefault(d => d.Tenant.State == "active").Tenant?.Code;

    /// <summary>A number that no tenant has or had.</summary>
    public int NextNumber => All.Count == 0 ? 1 : All[^1].Number + 1;
}

/// <summary>What a tenant still lacks.</summary>
internal sealed record PendingItem(string Kind, int Attempts, string Reason);
