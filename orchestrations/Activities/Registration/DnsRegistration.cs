using Bibind.Activities.Dns;
using Bibind.Activities.Dns.Ovh;
using Bibind.Activities.Dns.PowerDns;
using Bibind.Activities.Dns.Route53;
using Bibind.Activities.Locks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Registration;

/// <summary>Puts the DNS provider that the settings name into a host.</summary>
internal static class DnsRegistration
{
    /// <summary>Adds <see cref="IDnsProvider"/> and <see cref="IDnsChallenges"/>; one that is registered already stays.</summary>
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DnsOptions>().Bind(configuration.GetSection(DnsOptions.Section))
            .PostConfigure(options => options.Zone = options.Zone is { Length: > 0 } zone ? zone : configuration["Platform:Domain"] ?? string.Empty)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<DnsOptions>, DnsOptionsValidation>();

        // The address of a call may hold a zone, and its headers a key: we log what matters ourselves.
        services.AddHttpClient(DnsOptions.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .RemoveAllLoggers();
        services.TryAddSingleton<NamedLocks>();
        services.TryAddSingleton<AuthoritativeServers>();
        services.TryAddSingleton<IZoneProvider>(Choose);
        services.TryAddSingleton<ZoneRecords>();
        services.TryAddSingleton<NoDns>();
        services.TryAddSingleton<IDnsProvider>(s => IsNone(s) ? s.GetRequiredService<NoDns>() : s.GetRequiredService<ZoneRecords>());
        services.TryAddSingleton<IDnsChallenges>(s => IsNone(s) ? s.GetRequiredService<NoDns>() : s.GetRequiredService<ZoneRecords>());
        services.TryAddSingleton<IHostReadiness>(s => IsNone(s) ? s.GetRequiredService<NoDns>() : s.GetRequiredService<ZoneRecords>());
    }

    private static bool IsNone(IServiceProvider services) => Options(services).Provider == DnsProviders.None;

    private static IZoneProvider Choose(IServiceProvider services) => Options(services).Provider switch
    {
        DnsProviders.PowerDns => ActivatorUtilities.CreateInstance<PowerDnsProvider>(services),
        DnsProviders.Ovh => ActivatorUtilities.CreateInstance<OvhDnsProvider>(services),
        DnsProviders.Route53 => ActivatorUtilities.CreateInstance<Route53DnsProvider>(services),
        var other => throw new InvalidOperationException($"The DNS provider '{other}' keeps no zone."),
    };

    private static DnsOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<DnsOptions>>().Value;
}
