using Bibind.Activities.Dns;
using Bibind.Activities.Domains;
using Bibind.Activities.Domains.Registrars;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Registration;

/// <summary>Puts what customers' own host names need into a host.</summary>
internal static class DomainsRegistration
{
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DomainOptions>().Bind(configuration.GetSection(DomainOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DomainOptions>, DomainOptionsValidation>();
        services.AddOptions<RegistrarOptions>().Bind(configuration.GetSection(RegistrarOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RegistrarOptions>, RegistrarOptionsValidation>();
        services.TryAddSingleton<IDomainRegistrar>(s => s.GetRequiredService<IOptions<RegistrarOptions>>().Value.Provider switch
        {
            RegistrarProviders.Ovh => new GuardedRegistrar(ActivatorUtilities.CreateInstance<OvhRegistrar>(s)),
            RegistrarProviders.Route53 => new GuardedRegistrar(ActivatorUtilities.CreateInstance<Route53Registrar>(s)),
            _ => new NoRegistrar(),
        });
        services.AddSingleton<BoughtZone>();
        services.AddSingleton<NameResolver>();
        services.AddSingleton(s => new DomainRecords(s.GetRequiredService<NameResolver>(), s.GetRequiredService<IOptions<DnsOptions>>()));
    }
}
