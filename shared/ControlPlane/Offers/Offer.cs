using System.Text.Json.Serialization;
using Bibind.Contracts;

namespace Bibind.ControlPlane.Offers;

/// <summary>What may be changed of an offer.</summary>
public record OfferFields
{
    [JsonRequired]
    public string Name { get; init; } = string.Empty;

    /// <summary>The plan of orders that name none.</summary>
    [JsonRequired]
    public string DefaultPlan { get; init; } = string.Empty;

    /// <summary>The template of orders that name none.</summary>
    [JsonRequired]
    public string DefaultTemplate { get; init; } = string.Empty;

    /// <summary>How a tenant's database is named; see <see cref="Offers.DatabasePattern"/>.</summary>
    [JsonRequired]
    public string DatabasePattern { get; init; } = string.Empty;

    /// <summary>Where its tenants stand, unless order or plan say.</summary>
    public string? Region { get; init; }

    /// <summary>Labels that its tenants' servers must have, beside those of order and plan.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How many of its server's places a tenant takes, unless order or plan say; one if null.</summary>
    public int? Size { get; init; }

    /// <summary>Themes that its tenants can choose.</summary>
    public IReadOnlyList<OfferTheme> Themes { get; init; } = [];

    /// <summary>False closes it for new orders; tenants that have it keep it.</summary>
    public bool Active { get; init; } = true;
}

/// <summary>An offer to add.</summary>
public sealed record NewOffer : OfferFields
{
    /// <summary>Names it for good: a lower-case letter, then up to 62 lower-case letters, digits and hyphens.</summary>
    public required string Code { get; init; }

    /// <summary>Why; recorded with version 1.</summary>
    public string? Reason { get; init; }

    /// <summary><c>odoo</c>, <c>magento</c> or <c>drupal</c>.</summary>
    public required string Application { get; init; }

    /// <summary><c>shared</c>: a database on a shared server; <c>dedicated</c>: an environment of its own.</summary>
    public required string Delivery { get; init; }
}

/// <summary>What is sold, in one of its versions.</summary>
public sealed record Offer : OfferFields, ICatalogueItem
{
    public string Code { get; init; } = string.Empty;

    /// <summary>One of <see cref="Applications"/>; told once.</summary>
    public string Application { get; init; } = string.Empty;

    /// <summary>One of <see cref="Deliveries"/>; told once.</summary>
    public string Delivery { get; init; } = string.Empty;
    public int Version { get; init; }
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>What can be sold; not all of it can be provided yet.</summary>
    public static IReadOnlyList<string> Applications { get; } = ["odoo", "magento", "drupal"];

    /// <summary>How it is delivered.</summary>
    public static IReadOnlyList<string> Deliveries { get; } = ["shared", "dedicated"];
}
