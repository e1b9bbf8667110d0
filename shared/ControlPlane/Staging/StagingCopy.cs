using Bibind.Contracts;
using Bibind.Durable.Serialization;

namespace Bibind.ControlPlane.Staging;

/// <summary>A staging copy of a tenant.</summary>
public sealed record StagingCopy
{
    public long TenantId { get; init; }

    /// <summary>Its code.</summary>
    public string Code { get; init; } = string.Empty;
    public long SourceTenantId { get; init; }

    /// <summary>The code of the tenant that it is a copy of.</summary>
    public string Source { get; init; } = string.Empty;
    public string Host { get; init; } = string.Empty;
    public string BaseUrl { get; init; } = string.Empty;

    /// <summary>Its state as a tenant.</summary>
    public string State { get; init; } = string.Empty;
    public string? Reason { get; init; }

    /// <summary>When it is removed; null once it has ended.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The job of the last order.</summary>
    public string JobId { get; init; } = string.Empty;
    public string OrderedBy { get; init; } = string.Empty;
    public DateTimeOffset OrderedAt { get; init; }

    /// <summary>When it got the content that it has; null before the first time.</summary>
    public DateTimeOffset? RefreshedAt { get; init; }
    public string MaskingJson { get; init; } = "[]";

    /// <summary>What it is without; null before it was made.</summary>
    public string? ReportJson { get; init; }
    public int Version { get; init; }

    /// <summary>What the last order wanted to be masked.</summary>
    public IReadOnlyList<MaskingRule> Masking => HubDataConverter.Default.Deserialize<IReadOnlyList<MaskingRule>>(MaskingJson) ?? [];

    /// <summary>What the content that it has is without.</summary>
    public StagingReport? Report => ReportJson is null ? null : HubDataConverter.Default.Deserialize<StagingReport>(ReportJson);
}

/// <summary>An order for a staging copy.</summary>
public sealed record StagingOrder
{
    /// <summary>The code of the tenant that is copied.</summary>
    public required string Source { get; init; }

    /// <summary>The copy's code; by the source's if null.</summary>
    public string? Code { get; init; }

    /// <summary>When it is removed; by the setting if null.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What is masked; what the copy had, else the setting, if null.</summary>
    public IReadOnlyList<MaskingRule>? Masking { get; init; }
    public required string RequestedBy { get; init; }
}

/// <summary>What became of an order for a staging copy.</summary>
public abstract record StagingResult
{
    /// <summary>There is none yet: it is to be reserved by one of these orders, the first that can be met, and recorded.</summary>
    public sealed record New(long SourceTenantId, IReadOnlyList<Tenants.TenantOrder> Orders, DateTimeOffset ExpiresAt, IReadOnlyList<MaskingRule> Masking) : StagingResult;

    /// <summary>There is one: its job is open.</summary>
    public sealed record Refresh(RestoreTenantOrder Order, string State) : StagingResult;

    /// <summary>There is no such tenant.</summary>
    public sealed record NotFound : StagingResult;

    /// <summary>What is asked for cannot be with this field.</summary>
    public sealed record Invalid(string Field, string Message) : StagingResult;

    /// <summary>Another job of the copy is running.</summary>
    public sealed record JobRunning(string Message) : StagingResult;

    /// <summary>The state of source or copy does not allow it.</summary>
    public sealed record WrongState(string Message) : StagingResult;
}
