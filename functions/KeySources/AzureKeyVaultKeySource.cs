using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using Bibind.ControlPlane.Secrets;

namespace Bibind.Functions.KeySources;

/// <summary>Keys in secrets of an Azure Key Vault: base64, as in the settings.</summary>
/// <param name="options">How it is reached.</param>
/// <param name="credential">Who asks; what the machine has unless given.</param>
/// <param name="transport">How requests are sent; Azure's own way unless given.</param>
internal sealed class AzureKeyVaultKeySource(AzureKeyVaultOptions options, TokenCredential? credential, HttpPipelineTransport? transport) : IKeySource
{
    private const string Example = "azure-key-vault:https://NAME.vault.azure.net/secrets/SECRET/VERSION";
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public string Scheme => "azure-key-vault";

    /// <inheritdoc/>
    public async Task<string> ReadAsync(string reference, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(reference, UriKind.Absolute, out var address) || address is not { Scheme: "https", Query.Length: 0, Fragment.Length: 0, UserInfo.Length: 0 }
            || address.Segments is not ["/", "secrets/", _] and not ["/", "secrets/", _, _] || !KeyVaultSecretIdentifier.TryCreate(address, out var secret))
        {
            throw new KeyRefusedException($"refers to no secret of a key vault: write it as {Example}");
        }

        try
        {
            return (await Connect(secret.VaultUri).GetSecretAsync(secret.Name, secret.Version, cancellationToken: cancellationToken)).Value.Value.Trim();
        }
        catch (RequestFailedException answered) when (answered.Status is >= 400 and < 500 and not (408 or 429))
        {
            throw new KeyRefusedException($"refers to the secret {secret.Name} of {secret.VaultUri.Host}, {Explain(answered)}", answered);
        }
        catch (RequestFailedException away)
        {
            throw new KeyUnavailableException(away.Status == 0 ? $"{secret.VaultUri.Host} cannot be reached" : $"{secret.VaultUri.Host} answered {away.Status}", away);
        }
        catch (AuthenticationFailedException nobody)
        {
            throw new KeyUnavailableException(
                $"this machine has no identity that {secret.VaultUri.Host} could know ({nobody.Message.Split('\n')[0].Trim().TrimEnd('.')})", nobody);
        }
        catch (InvalidOperationException foreign)
        {
            // A challenge for another service than this one: a token must not be sent there.
            throw new KeyRefusedException($"refers to {secret.VaultUri.Host}, which does not answer as a key vault does", foreign);
        }
        catch (AggregateException away)
        {
            throw new KeyUnavailableException($"{secret.VaultUri.Host} cannot be reached", away);
        }
    }

    private SecretClient Connect(Uri vault)
    {
        var client = new SecretClientOptions { Retry = { MaxRetries = 1, Delay = TimeSpan.FromMilliseconds(300), NetworkTimeout = CallLimit } };
        if (transport is not null)
        {
            client.Transport = transport;
        }

        // What the machine has: workload or managed identity, variables of the environment, or the developer's own sign-in.
        return new SecretClient(
            vault, credential ?? new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = options.ClientId }), client);
    }

    private static string Explain(RequestFailedException answered) => answered.Status switch
    {
        404 => "which is not there",
        401 => "which does not accept this machine's identity",
        403 => $"which this machine's identity may not read, or the secret is disabled: it needs the permission to get secrets ({answered.ErrorCode})",
        _ => $"which refuses the request: {answered.Status} {answered.ErrorCode}",
    };
}
