namespace Bibind.Contracts;

/// <summary>The applications that a tenant can have.</summary>
public static class Applications
{
    public const string Odoo = "odoo";

    /// <summary>Those that this product can provide; an offer of another is refused.</summary>
    public static IReadOnlyList<string> Provided { get; } = [Odoo];
}
