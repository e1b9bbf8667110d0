using System.Text.Json.Serialization;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;

namespace Bibind.Functions.Http;

/// <summary>An order for a tenant.</summary>
public sealed record CreateTenant
{
    /// <summary>Unique among living tenants: a lower-case letter, then 1 to 30 lower-case letters, digits and hyphens.</summary>
    public required string Code { get; init; }

    /// <summary>The customer's company, as the application shows it.</summary>
    public required string Name { get; init; }

    /// <summary>The customer to whom it belongs, as their tokens name it. Whoever orders with a customer's token is that customer, and need not say it.</summary>
    public string? Customer { get; init; }

    /// <summary>The person who gets the tenant.</summary>
    public string? CustomerName { get; init; }

    /// <summary>Their e-mail address; the standard user's login.</summary>
    public string? CustomerEmail { get; init; }

    /// <summary>What is ordered, by its code, such as <c>odoo-shared</c>.</summary>
    public required string Offer { get; init; }

    /// <summary>By its code; the offer's default unless given.</summary>
    public string? Plan { get; init; }

    /// <summary>By its code; the offer's default unless given.</summary>
    public string? Template { get; init; }

    /// <summary>How the application speaks to its people.</summary>
    public TenantLocale? Locale { get; init; }

    /// <summary>Where it is to stand, such as <c>eu-west</c>; the plan's, else the offer's, unless given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Region { get; init; }

    /// <summary>Labels that its server must have, beside those of its plan and offer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How many of its server's places it takes: 1 to 1000; the plan's, else the offer's, else 1, unless given. Operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Size { get; init; }

    /// <summary>Internal users that it may have, at most as many as its plan allows; the plan's unless given. Operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxUsers { get; init; }

    /// <summary>Bytes that it may store, database and files together, at most as many as its plan allows; the plan's unless given. Operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxStorageBytes { get; init; }

    /// <summary>Told how the job ended, by a POST.</summary>
    public string? CallbackUrl { get; init; }

    internal TenantOrder ToOrder(string requestedBy, string? customer = null) => new()
    {
        Code = Code,
        Name = Name,
        Customer = customer ?? Customer,
        CustomerName = CustomerName,
        CustomerEmail = CustomerEmail,
        Offer = Offer,
        Plan = Plan,
        Template = Template,
        Locale = Locale ?? new TenantLocale(),
        Region = Region,
        Labels = Labels ?? [],
        Size = Size,
        MaxUsers = MaxUsers,
        MaxStorageBytes = MaxStorageBytes,
        CallbackUrl = CallbackUrl,
        RequestedBy = requestedBy,
    };
}
