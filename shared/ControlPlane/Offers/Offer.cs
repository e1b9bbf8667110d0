namespace Bibind.ControlPlane.Offers;

/// <summary>What is sold.</summary>
public sealed record Offer
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;

    /// <summary><c>odoo</c>, <c>magento</c> or <c>drupal</c>.</summary>
    public string Application { get; init; } = string.Empty;

    /// <summary><c>shared</c>: a database on a shared server; <c>dedicated</c>: an environment of its own.</summary>
    public string Delivery { get; init; } = string.Empty;
    public string DefaultPlan { get; init; } = string.Empty;
    public string DefaultTemplate { get; init; } = string.Empty;

    /// <summary>How a tenant's database is named; see <see cref="DatabasePattern"/>.</summary>
    public string DatabasePattern { get; init; } = string.Empty;
}
