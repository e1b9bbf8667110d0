using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Settings of the local secret store; section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Secrets";

    /// <summary>The key that every secret is encrypted with: base64 of exactly 32 random bytes.</summary>
    public string MasterKey { get; set; } = string.Empty;
}

/// <summary>Says what is wrong with the key, never the key.</summary>
internal sealed class SecretsOptionsValidation : IValidateOptions<SecretsOptions>
{
    public const int KeyBytes = 32;

    public ValidateOptionsResult Validate(string? name, SecretsOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.MasterKey))
        {
            return ValidateOptionsResult.Fail("Secrets__MasterKey is not set: it must be base64 of 32 random bytes (openssl rand -base64 32).");
        }

        var buffer = new byte[options.MasterKey.Length];
        if (!Convert.TryFromBase64String(options.MasterKey, buffer, out var length))
        {
            return ValidateOptionsResult.Fail("Secrets__MasterKey is not base64: it must be base64 of 32 random bytes (openssl rand -base64 32).");
        }

        return length == KeyBytes
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Secrets__MasterKey holds {length} bytes: it must be base64 of exactly 32 random bytes (openssl rand -base64 32).");
    }
}
