namespace Bibind.Local.RealServers;

/// <summary>The settings that let the product's effects happen at real servers; where the application is, is said apart.</summary>
public static class EffectSettings
{
    /// <summary>The settings that give each tenant of a server a role of its own.</summary>
    public static IReadOnlyDictionary<string, string> Of(string serverCode, PgBouncerServer pooler, EmbeddedPostgres postgres)
    {
        ArgumentNullException.ThrowIfNull(pooler);
        ArgumentNullException.ThrowIfNull(postgres);
        return new Dictionary<string, string>
        {
            ["Database__TenantIsolation"] = "role",
            ["Database__PgBouncer__0__Server"] = serverCode,
            ["Database__PgBouncer__0__DatabasesFile"] = pooler.DatabasesFile,
            ["Database__PgBouncer__0__Port"] = pooler.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Database__PgBouncer__0__AdminUser"] = PgBouncerServer.AdminUser,
            ["Database__PgBouncer__0__AdminPassword"] = pooler.AdminPassword,
            ["Database__PgBouncer__0__TemplatePassword"] = postgres.PasswordOf(TenantIsolation.TemplateRole),
        };
    }

    /// <param name="zone">The platform's domain; the DNS server has it.</param>
    /// <returns>Names as in <c>local.settings.json</c>.</returns>
    public static IReadOnlyDictionary<string, string> Of(
        string zone, PowerDnsServer dns, PebbleServer authority, CephS3Server s3, CaddyServer caddy) =>
        new Dictionary<string, string>
        {
            ["Platform__Domain"] = zone,
            ["Dns__Provider"] = "powerdns",
            ["Dns__Zone"] = zone,
            ["Dns__Target"] = caddy.Https.Host,
            ["Dns__Authoritative"] = dns.Dns.ToString(),
            ["Dns__PowerDns__Url"] = dns.Api.AbsoluteUri,
            ["Dns__PowerDns__ApiKey"] = dns.ApiKey,
            ["Domains__Resolvers"] = dns.Dns.ToString(),
            ["Certificates__Provider"] = "acme",
            ["Certificates__Challenge"] = "dns-01",
            ["Certificates__Acme__AcceptTerms"] = "true",
            ["Certificates__Acme__Directory"] = authority.Directory.AbsoluteUri,
            ["Certificates__Acme__TrustedRoots"] = authority.TrustedRootsFile,
            ["Storage__Provider"] = "s3",
            ["Storage__S3__Endpoint"] = s3.Url.AbsoluteUri,
            ["Storage__S3__AccessKey"] = s3.Account.AccessKey,
            ["Storage__S3__SecretKey"] = s3.Account.SecretKey,
            ["Storage__S3__TenantUsers"] = "rgw",
            ["Routing__Provider"] = "caddy",
            ["Routing__Http"] = caddy.Http.AbsoluteUri,
            ["Routing__Https"] = caddy.Https.AbsoluteUri,
            ["Routing__Caddy__Admin"] = caddy.Admin.AbsoluteUri,
            ["Routing__Caddy__Server"] = CaddyServer.Edge,
        };
}
