namespace Bibind.Functions.Security;

/// <summary>How tokens are checked that the settings do not hold themselves.</summary>
public sealed record SignInOptions
{
    /// <summary>The issuer of JSON Web Tokens, exactly as its tokens name it; null if none are accepted.</summary>
    public Uri? Issuer { get; init; }

    /// <summary>The issuer's name as the settings give it: <see cref="Uri"/> adds a slash to a bare host.</summary>
    public string? IssuerName { get; init; }

    /// <summary>What a token must be meant for.</summary>
    public string Audience { get; init; } = string.Empty;

    /// <summary>By how much clocks may differ; 0 to 5 minutes.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Keys are fetched for key ids that are not known at most once in this time; 1 second to 1 hour.</summary>
    public TimeSpan KeyRefreshInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where opaque tokens are asked about; null if none are accepted.</summary>
    public IntrospectionOptions? Introspection { get; init; }

    /// <summary>What the claims of a token mean.</summary>
    public ClaimOptions Claims { get; init; } = new();

    /// <summary>How people sign in at the console.</summary>
    public ConsoleOptions Console { get; init; } = new();

    /// <summary>The command line's account at the issuer; null if it has none.</summary>
    public OidcClientOptions? Cli { get; init; }

    /// <summary>True if tokens of an issuer are accepted at all.</summary>
    public bool IsOn => Issuer is not null || Introspection is not null;
}

/// <summary>Which claims say who calls.</summary>
public sealed record ClaimOptions
{
    /// <summary>Holds the roles: text, words separated by spaces, or a list. Dots lead into objects, as in <c>realm_access.roles</c>.</summary>
    public string Roles { get; init; } = "roles";

    /// <summary>What the issuer calls each role.</summary>
    public IReadOnlyDictionary<string, Role> RoleNames { get; init; } = new Dictionary<string, Role>();

    /// <summary>Holds the caller's name.</summary>
    public string Name { get; init; } = "sub";

    /// <summary>Holds the customer; null if no token is a customer's.</summary>
    public string? Customer { get; init; }

    /// <summary>True if only customers sign in at the issuer: a token without the claim is refused instead of being an operator's.</summary>
    public bool CustomersOnly { get; init; }
}

/// <summary>The introspection endpoint (RFC 7662) and our account there.</summary>
public sealed record IntrospectionOptions(Uri Url, string ClientId, string ClientSecret)
{
    /// <summary>How long an answer is kept, and thus how long a revoked token may still work; 0 to 5 minutes.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => Url.ToString();
}
