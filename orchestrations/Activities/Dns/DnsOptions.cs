namespace Bibind.Activities.Dns;

/// <summary>Settings <c>Dns:*</c>: where the tenants' records are kept and what they say.</summary>
public sealed class DnsOptions
{
    public const string Section = "Dns";

    /// <summary>The HTTP client of calls to providers' APIs.</summary>
    internal const string HttpClientName = "dns";

    /// <summary><c>none</c> (a wildcard record covers the tenants), <c>powerdns</c>, <c>ovh</c> or <c>route53</c>.</summary>
    public string Provider { get; set; } = DnsProviders.None;

    /// <summary>The zone that our records are in; <c>Platform__Domain</c> unless given.</summary>
    public string Zone { get; set; } = string.Empty;

    /// <summary>What tenants' names point at: addresses separated by commas, or one name; the server's own address unless given.</summary>
    public string Target { get; set; } = string.Empty;

    /// <summary>Seconds that others may remember a record.</summary>
    public int Ttl { get; set; } = 300;

    /// <summary>Who we are in the mark on our records: two installations on one zone must differ.</summary>
    public string Owner { get; set; } = "bibind";

    /// <summary>The zone's authoritative servers, as <c>address</c> or <c>address:port</c> separated by commas; found by NS records unless given.</summary>
    public string Authoritative { get; set; } = string.Empty;

    /// <summary>How long a new record may take to be answered by the authoritative servers, in one attempt of a step.</summary>
    public TimeSpan VerifyLimit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one call of the provider's API may take.</summary>
    public TimeSpan CallLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a step waits itself when the provider limits our requests; longer waits are left to the durable retry.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    public PowerDnsSettings PowerDns { get; set; } = new();

    public OvhSettings Ovh { get; set; } = new();

    public Route53Settings Route53 { get; set; } = new();

    /// <summary>The same account for another zone.</summary>
    internal DnsOptions ForZone(string zone)
    {
        var copy = (DnsOptions)MemberwiseClone();
        copy.Zone = zone;
        copy.Route53 = Route53.ForAnyZone();
        return copy;
    }
}

/// <summary>The names of the providers in <c>Dns__Provider</c>.</summary>
public static class DnsProviders
{
    public const string None = "none";
    public const string PowerDns = "powerdns";
    public const string Ovh = "ovh";
    public const string Route53 = "route53";
}

/// <summary>Settings <c>Dns:PowerDns:*</c>.</summary>
public sealed class PowerDnsSettings
{
    /// <summary>Where its API is, such as <c>http://10.0.0.53:8081</c>.</summary>
    public string Url { get; set; } = string.Empty;

    public string ApiKey { get; set; } = string.Empty;

    /// <summary>A key that is tried where the server refuses the first: while it is changed there.</summary>
    public string OtherApiKey { get; set; } = string.Empty;
}

/// <summary>Settings <c>Dns:Ovh:*</c>.</summary>
public sealed class OvhSettings
{
    /// <summary>The API's address, version included.</summary>
    public string Url { get; set; } = "https://eu.api.ovh.com/1.0";

    public string ApplicationKey { get; set; } = string.Empty;

    public string ApplicationSecret { get; set; } = string.Empty;

    public string ConsumerKey { get; set; } = string.Empty;
}

/// <summary>Settings <c>Dns:Route53:*</c>.</summary>
public sealed class Route53Settings
{
    public string Url { get; set; } = "https://route53.amazonaws.com";

    public string AccessKeyId { get; set; } = string.Empty;

    public string SecretAccessKey { get; set; } = string.Empty;

    /// <summary>With temporary credentials only.</summary>
    public string SessionToken { get; set; } = string.Empty;

    /// <summary>Such as <c>Z0123456789ABC</c>; looked up by the zone's name unless given.</summary>
    public string HostedZoneId { get; set; } = string.Empty;

    internal Route53Settings ForAnyZone()
    {
        var copy = (Route53Settings)MemberwiseClone();
        copy.HostedZoneId = string.Empty;
        return copy;
    }
}
