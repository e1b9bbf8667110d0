using Azure.Core;
using Azure.Core.Pipeline;
using Bibind.ControlPlane.Secrets;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.KeySources;

/// <summary>Adds the sources of keys that are services of a cloud.</summary>
internal static class KeySourcesRegistration
{
    /// <summary>The key of services that are given instead of the machine's own: <see cref="TokenCredential"/> and <see cref="HttpPipelineTransport"/>.</summary>
    public const string Key = "key-sources";

    public static IServiceCollection AddKeySources(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<KeySourceOptions>().Bind(configuration.GetSection(KeySourceOptions.Section))
            .Validate(
                o => string.IsNullOrEmpty(o.Aws.AccessKeyId) == string.IsNullOrEmpty(o.Aws.SecretAccessKey),
                "Secrets__Aws__AccessKeyId and Secrets__Aws__SecretAccessKey must be set both, or neither for the machine's own role.")
            .ValidateOnStart();
        return services
            .AddSingleton<IKeySource>(s => new AzureKeyVaultKeySource(
                OptionsOf(s).AzureKeyVault, s.GetKeyedService<TokenCredential>(Key), s.GetKeyedService<HttpPipelineTransport>(Key)))
            .AddSingleton<IKeySource>(s => new AwsKmsKeySource(OptionsOf(s).Aws))
            .AddSingleton<IKeySource>(s => new AwsParameterKeySource(OptionsOf(s).Aws));
    }

    private static KeySourceOptions OptionsOf(IServiceProvider services) => services.GetRequiredService<IOptions<KeySourceOptions>>().Value;
}
