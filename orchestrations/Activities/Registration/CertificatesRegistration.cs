using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.Locks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Registration;

/// <summary>Puts the certificate provider that the settings name into a host.</summary>
internal static class CertificatesRegistration
{
    /// <summary>
    /// Adds <see cref="ICertificateProvider"/>, <see cref="ITenantCertificates"/> and <see cref="ICertificateRenewals"/>;
    /// what is registered already stays.
    /// </summary>
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CertificateOptions>().Bind(configuration.GetSection(CertificateOptions.Section))
            .PostConfigure(options => options.PlatformDomain = configuration["Platform:Domain"] ?? string.Empty)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<CertificateOptions>, CertificateOptionsValidation>();
        services.AddHttpClient(CertificateOptions.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(MakeHandler)
            .ConfigureHttpClient(client => client.DefaultRequestHeaders.UserAgent.ParseAdd("bibind-functions"))
            .RemoveAllLoggers();

        services.TryAddSingleton<NamedLocks>();
        services.TryAddSingleton<CertificateStore>();
        services.TryAddSingleton<AcmeTransport>();
        services.TryAddSingleton<AcmeAccounts>();
        services.TryAddSingleton<ICertificateAccount>(s => s.GetRequiredService<AcmeAccounts>());
        services.TryAddSingleton<AcmeClient>();
        services.TryAddSingleton<ChallengeProofs>();
        services.TryAddSingleton<AcmeOrders>();
        services.TryAddSingleton<AcmeAuthority>();
        services.TryAddSingleton<LocalAuthority>();
        services.TryAddSingleton<AuthorityCertificates>();
        services.TryAddSingleton<CertificateRenewals>();
        services.TryAddSingleton<NoCertificates>();
        services.TryAddSingleton<ICertificateAuthority>(s => Provider(s) == CertificateProviders.Local
            ? s.GetRequiredService<LocalAuthority>() : s.GetRequiredService<AcmeAuthority>());
        services.TryAddSingleton<ICertificateProvider>(s => IsNone(s) ? s.GetRequiredService<NoCertificates>() : s.GetRequiredService<AuthorityCertificates>());
        services.TryAddSingleton<ITenantCertificates>(s => IsNone(s) ? s.GetRequiredService<NoCertificates>() : s.GetRequiredService<AuthorityCertificates>());
        services.TryAddSingleton<ICertificateRenewals>(s => IsNone(s) ? s.GetRequiredService<NoCertificates>() : s.GetRequiredService<CertificateRenewals>());
        if (configuration[$"{CertificateOptions.Section}:Provider"] == CertificateProviders.Local)
        {
            services.AddSingleton<IHostedService, LocalAuthorityWarning>();
        }
    }

    private static SocketsHttpHandler MakeHandler(IServiceProvider services)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        var roots = services.GetRequiredService<IOptions<CertificateOptions>>().Value.Acme.TrustedRoots;
        if (roots.Length > 0)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(roots);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return handler;
    }

    private static bool IsNone(IServiceProvider services) => Provider(services) == CertificateProviders.None;

    private static string Provider(IServiceProvider services) => services.GetRequiredService<IOptions<CertificateOptions>>().Value.Provider;
}
