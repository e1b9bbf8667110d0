using Bibind.Activities.Dns;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains;

/// <summary>Puts what customers' own host names need into a host.</summary>
internal static class DomainsRegistration
{
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DomainOptions>().Bind(configuration.GetSection(DomainOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DomainOptions>, DomainOptionsValidation>();
        services.AddSingleton<NameResolver>();
        services.AddSingleton(s => new DomainRecords(s.GetRequiredService<NameResolver>(), s.GetRequiredService<IOptions<DnsOptions>>()));
    }
}
