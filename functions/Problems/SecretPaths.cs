namespace Bibind.Functions.Problems;

/// <summary>Paths that hold a credential; what is shown or logged of them leaves it out.</summary>
public static class SecretPaths
{
    /// <summary>The addresses about webhooks that hold none.</summary>
    public const string Refusals = "/api/webhooks/odoo/refusals";

    /// <inheritdoc cref="Refusals"/>
    public const string Deliveries = "/api/webhooks/deliveries";

    private const string Webhooks = "/webhooks";

    /// <summary>The path without what may be a credential.</summary>
    public static string Show(PathString path) => MayHoldOne(path.Value ?? string.Empty) ? $"{Webhooks}/…" : path.ToUriComponent();

    /// <summary>True for an address of webhooks, and for what was meant to be one: a slash too many makes no token public.</summary>
    public static bool MayHoldOne(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Contains("webhook", StringComparison.OrdinalIgnoreCase) && path is not (Refusals or Deliveries);
    }
}
