namespace Bibind.Activities.Certificates;

/// <summary>Settings <c>Certificates:*</c>: where TLS certificates come from.</summary>
public sealed class CertificateOptions
{
    public const string Section = "Certificates";

    /// <summary>The HTTP client of calls to certificate authorities.</summary>
    internal const string HttpClientName = "certificates";

    /// <summary>
    /// <c>none</c> (whoever ends TLS has its own), <c>local</c> (an authority of our own, which browsers do not trust),
    /// <c>acme</c> (one for each host name) or <c>wildcard</c> (one by ACME for all of the platform's sub-domains).
    /// </summary>
    public string Provider { get; set; } = CertificateProviders.None;

    /// <summary><c>http-01</c> or <c>dns-01</c>; the wildcard certificate always takes <c>dns-01</c>.</summary>
    public string Challenge { get; set; } = ChallengeTypes.Http;

    /// <summary>How many certificates of one registered domain may be ordered in 7 days.</summary>
    public int PerWeek { get; set; } = 50;

    /// <summary>How many orders for one host may fail in an hour before no more are placed.</summary>
    public int FailuresPerHour { get; set; } = 4;

    public AcmeSettings Acme { get; set; } = new();

    /// <summary>The platform's own domain (<c>Platform__Domain</c>), whose sub-domains share the wildcard certificate.</summary>
    internal string PlatformDomain { get; set; } = string.Empty;
}

/// <summary>The names of the providers in <c>Certificates__Provider</c>.</summary>
public static class CertificateProviders
{
    public const string None = "none";
    public const string Local = "local";
    public const string Acme = "acme";
    public const string Wildcard = "wildcard";
}

/// <summary>The ways to prove that a host name is ours, as RFC 8555 names them.</summary>
public static class ChallengeTypes
{
    public const string Http = "http-01";
    public const string Dns = "dns-01";
}

/// <summary>Settings <c>Certificates:Acme:*</c>.</summary>
public sealed class AcmeSettings
{
    /// <summary>The directory of the certificate authority.</summary>
    public string Directory { get; set; } = "https://acme-v02.api.letsencrypt.org/directory";

    /// <summary>The authority's terms of service are accepted; without it there is no account.</summary>
    public bool AcceptTerms { get; set; }

    /// <summary>E-mail address that the authority may write to.</summary>
    public string Contact { get; set; } = string.Empty;

    /// <summary>External account binding, where the authority asks for it: the key's id.</summary>
    public string EabKeyId { get; set; } = string.Empty;

    /// <summary>External account binding: the key, in base64url. A secret.</summary>
    public string EabKey { get; set; } = string.Empty;

    /// <summary>PEM file of roots for the directory's own TLS, where the system's do not have it.</summary>
    public string TrustedRoots { get; set; } = string.Empty;

    /// <summary>How long an order may take from placed to certificate, in one attempt of a step.</summary>
    public TimeSpan OrderLimit { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>How long one call may take.</summary>
    public TimeSpan CallLimit { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a step waits itself when the authority limits our requests; longer waits are left to the durable retry.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);
}
