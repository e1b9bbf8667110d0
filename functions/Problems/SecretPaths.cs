namespace Bibind.Functions.Problems;

/// <summary>Paths that hold a credential; what is shown or logged of them leaves it out.</summary>
public static class SecretPaths
{
    private const string Webhooks = "/webhooks";

    /// <summary>The path without what may be a credential.</summary>
    public static string Show(PathString path) =>
        path.StartsWithSegments(Webhooks, StringComparison.OrdinalIgnoreCase) ? $"{Webhooks}/…" : path.ToUriComponent();
}
