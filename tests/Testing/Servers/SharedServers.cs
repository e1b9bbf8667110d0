using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>Servers that all tests of a process use together; each test has a zone, names and buckets of its own there.</summary>
public static class SharedServers
{
    private static readonly Lazy<Task<PowerDnsServer>> Dns = new(() => PowerDnsServer.StartAsync());
    private static readonly Lazy<Task<CephS3Server>> S3 = new(() => CephS3Server.StartAsync());
    private static readonly Lazy<Task<PebbleServer>> Authority = new(async () =>
        await PebbleServer.StartAsync(new PebbleOptions { Dns = (await PowerDnsAsync()).Dns }));

    public static Task<PowerDnsServer> PowerDnsAsync() => Dns.Value;

    /// <summary>Asks <see cref="PowerDnsAsync"/>.</summary>
    public static Task<PebbleServer> PebbleAsync() => Authority.Value;

    public static Task<CephS3Server> CephS3Async() => S3.Value;

    /// <summary>Makes a zone that nobody else has, such as <c>z12ab….test</c>; answers its name.</summary>
    public static async Task<string> NewZoneAsync(this PowerDnsServer dns)
    {
        ArgumentNullException.ThrowIfNull(dns);
        var zone = $"z{Guid.NewGuid().ToString("N")[..12]}.test";
        await dns.CreateZoneAsync(zone);
        return zone;
    }
}
