using Bibind.Contracts;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What a customer orders, through the API, a webhook or a message.</summary>
public sealed record TenantOrder
{
    /// <summary>Names the tenant for good: host, database, job.</summary>
    public required string Code { get; init; }

    /// <summary>The customer's company, as the application shows it.</summary>
    public required string Name { get; init; }

    /// <summary>The customer to whom the tenant belongs, by <see cref="CustomerCodes"/>; null if only operators reach it.</summary>
    public string? Customer { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }
    public required string Offer { get; init; }

    /// <summary>The offer's default unless given.</summary>
    public string? Plan { get; init; }

    /// <summary>The offer's default unless given.</summary>
    public string? Template { get; init; }
    public TenantLocale Locale { get; init; } = new();

    /// <summary>Where it is to stand; the plan's, else the offer's, unless given.</summary>
    public string? Region { get; init; }

    /// <summary>Labels that its server must have, beside those of its plan and offer.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How many of its server's places it takes; the plan's, else the offer's, else one, unless given.</summary>
    public int? Size { get; init; }

    /// <summary>Internal users that it may have, below its plan's limit; as many as the plan says unless given.</summary>
    public int? MaxUsers { get; init; }

    /// <summary>Bytes that it may store, below its plan's quota; as many as the plan says unless given.</summary>
    public long? MaxStorageBytes { get; init; }

    /// <summary>When it may be closed without being asked; null: at any time.</summary>
    public MaintenanceWindow? MaintenanceWindow { get; init; }

    /// <summary>Told how the job ended, when set.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>True if a backup becomes the tenant: its language, currency and country are those of what was backed up.</summary>
    public bool IsRestored { get; init; }

    /// <summary>The version of the offer that it keeps, open for orders or not; the newest if null.</summary>
    public int? SoldOfferVersion { get; init; }

    /// <summary>The version of the plan that it keeps, open for orders or not; the newest if null.</summary>
    public int? SoldPlanVersion { get; init; }

    /// <summary>The registration that it comes from, which holds its code; null for every other order.</summary>
    public long? Registration { get; init; }

    /// <summary>Who ordered: the caller's name, not a person's secret.</summary>
    public required string RequestedBy { get; init; }
}
