using Bibind.ControlPlane.Domains;

namespace Bibind.ControlPlane.Certificates;

/// <summary>Finds the domain that somebody registered: what authorities count certificates by.</summary>
public static class RegisteredDomain
{
    /// <summary>Such as <c>example.co.uk</c> of <c>shop.example.co.uk</c>; a public suffix is its own.</summary>
    public static string Of(string host)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        var name = string.Join('.', host.ToLowerInvariant().Split('.').Where(l => l is not ("*" or "")));
        return PublicSuffixes.RegisteredOf(name) ?? name;
    }
}
