using Bibind.Functions.Settings;

namespace Bibind.Functions.Security;

/// <summary>Reads the settings <c>Auth__*</c> of tokens that an issuer gives.</summary>
internal static class SignInSettings
{
    private const string Issuer = "Auth:Issuer";
    private const string Audience = "Auth:Audience";
    private const string Introspection = "Auth:Introspection:Url";

    private static readonly string[] OfIssuers =
    [
        Audience, "Auth:ClockSkew", "Auth:KeyRefreshInterval", "Auth:RolesClaim", "Auth:NameClaim", "Auth:CustomerClaim", "Auth:CustomersOnly",
        "Auth:Roles:Viewer", "Auth:Roles:Manager", "Auth:Roles:Admin",
        "Auth:Introspection:ClientId", "Auth:Introspection:ClientSecret", "Auth:Introspection:CacheLifetime",
    ];

    private static readonly string[] OfTheIssuer = ["Auth:Console:ClientId", "Auth:Console:ClientSecret", "Auth:Console:Scopes", "Auth:Cli:ClientId", "Auth:Cli:Scopes"];

    public static SignInOptions Read(SettingsReader reader)
    {
        var name = reader.Optional(Issuer);
        var options = new SignInOptions
        {
            IssuerName = name,
            Issuer = name is null ? null : ReadAddress(reader, Issuer, name),
            Introspection = ReadIntrospection(reader),
            ClockSkew = reader.Duration("Auth:ClockSkew", TimeSpan.FromSeconds(30)),
            KeyRefreshInterval = reader.Duration("Auth:KeyRefreshInterval", TimeSpan.FromSeconds(30)),
            Claims = ReadClaims(reader),
            Console = ReadConsole(reader),
            Cli = ReadClient(reader, "Auth:Cli", "openid offline_access", secret: null),
        };
        foreach (var alone in OfTheIssuer.Where(k => name is null && reader.Optional(k) is not null))
        {
            reader.Report(alone, "needs Auth__Issuer: it is about signing in there.");
        }

        if (name is not null || reader.Optional(Introspection) is not null)
        {
            return options with { Audience = reader.Required(Audience, "what the issuer's tokens must be meant for, such as bibind-api; tokens for other services are refused") };
        }

        foreach (var alone in OfIssuers.Where(k => reader.Optional(k) is not null))
        {
            reader.Report(alone, "needs Auth__Issuer or Auth__Introspection__Url: without them only the tokens of Auth__Tokens__N are accepted.");
        }

        return options;
    }

    private static IntrospectionOptions? ReadIntrospection(SettingsReader reader)
    {
        if (reader.Optional(Introspection) is not { } text)
        {
            return null;
        }

        var url = ReadAddress(reader, Introspection, text);
        var id = reader.Required("Auth:Introspection:ClientId", "our account at the issuer, which may introspect tokens");
        var secret = reader.Required("Auth:Introspection:ClientSecret", "the secret of our account at the issuer");
        var lifetime = reader.Duration("Auth:Introspection:CacheLifetime", TimeSpan.FromSeconds(30));
        return url is null ? null : new IntrospectionOptions(url, id, secret) { CacheLifetime = lifetime };
    }

    private static ConsoleOptions ReadConsole(SettingsReader reader)
    {
        var client = ReadClient(reader, "Auth:Console", "openid profile", reader.Optional("Auth:Console:ClientSecret"));
        var url = ReadOrigin(reader, "Console:PublicUrl");
        var isOnlyHere = reader.Optional("Hosting:Kind") is null or "kestrel"
            && (reader.Optional("Urls") ?? "http://127.0.0.1").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .All(u => Uri.TryCreate(u, UriKind.Absolute, out var address) && address.IsLoopback);
        var isLocal = reader.Flag("Console:LocalSignIn", otherwise: false);
        if (isLocal && (!isOnlyHere || url is { IsLoopback: false }))
        {
            reader.Report("Console:LocalSignIn", "is true, and others than this machine reach the host: anybody would be its operator. Take it away, or listen on http://127.0.0.1 alone.");
        }

        if (client is not null && url is null && reader.Optional("Console:PublicUrl") is null && !isOnlyHere)
        {
            reader.Report("Console:PublicUrl", "is missing: the issuer sends people back to it who sign in, such as https://console.example.com.");
        }

        return new ConsoleOptions
        {
            Client = client,
            PublicUrl = url,
            IsOnThisMachineOnly = isOnlyHere,
            LocalSignIn = isLocal,
            SessionLifetime = reader.Duration("Console:SessionLifetime", TimeSpan.FromHours(12)),
            IdleLimit = reader.Duration("Console:IdleLimit", TimeSpan.FromHours(1)),
        };
    }

    private static OidcClientOptions? ReadClient(SettingsReader reader, string section, string scopes, string? secret)
    {
        scopes = reader.Optional($"{section}:Scopes") ?? scopes;
        if (!scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains("openid"))
        {
            reader.Report($"{section}:Scopes", "must have openid among its words.");
        }

        return reader.Optional($"{section}:ClientId") is { } id ? new OidcClientOptions(id, secret, scopes) : null;
    }

    private static Uri? ReadOrigin(SettingsReader reader, string key)
    {
        var url = reader.Optional(key) is { } text ? ReadAddress(reader, key, text) : null;
        if (url is { AbsolutePath: not "/" })
        {
            reader.Report(key, "must have no path, such as https://console.example.com.");
        }

        return url;
    }

    private static ClaimOptions ReadClaims(SettingsReader reader)
    {
        var names = new Dictionary<string, Role>(StringComparer.Ordinal);
        foreach (var role in Enum.GetValues<Role>())
        {
            var key = $"Auth:Roles:{role}";
            var name = reader.Optional(key) ?? role.ToName();
            if (name.Contains(' ', StringComparison.Ordinal))
            {
                reader.Report(key, "must be one word: the issuer's name of the role.");
            }
            else if (!names.TryAdd(name, role))
            {
                reader.Report(key, $"is the issuer's name of the role {names[name].ToName()} already.");
            }
        }

        var customer = reader.Optional("Auth:CustomerClaim");
        var customersOnly = reader.Flag("Auth:CustomersOnly", otherwise: false);
        if (customersOnly && customer is null)
        {
            reader.Report("Auth:CustomersOnly", "is true, and Auth__CustomerClaim does not say which claim names the customer.");
        }

        return new ClaimOptions
        {
            Roles = reader.Optional("Auth:RolesClaim") ?? "roles",
            RoleNames = names,
            Name = reader.Optional("Auth:NameClaim") ?? "sub",
            Customer = customer,
            CustomersOnly = customersOnly,
        };
    }

    // Whoever can change what an issuer answers makes the tokens.
    private static Uri? ReadAddress(SettingsReader reader, string key, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 }
            && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
        {
            return address;
        }

        reader.Report(key, "must be an https address such as https://login.example.com/realms/bibind, without user, password and query; http only on this machine.");
        return null;
    }
}
