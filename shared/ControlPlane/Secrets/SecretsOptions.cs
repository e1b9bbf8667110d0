using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Settings of the local secret store; section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Secrets";

    /// <summary>The key that every secret is encrypted with: base64 of exactly 32 random bytes. The settings may refer to it instead (<see cref="IKeySource"/>).</summary>
    public string MasterKey { get; set; } = string.Empty;

    /// <summary>
    /// Further keys of the same form that secrets may be stored with: while the master key is changed, the former one, and before that the
    /// next one. Nothing new is stored with them. None unless set.
    /// </summary>
    public IList<string> OtherKeys { get; } = [];
}

/// <summary>Says what is wrong with the key, never the key.</summary>
internal sealed class SecretsOptionsValidation : IValidateOptions<SecretsOptions>
{
    public const int KeyBytes = 32;

    public ValidateOptionsResult Validate(string? name, SecretsOptions options)
    {
        var faults = options.OtherKeys.Select((key, i) => FaultOf($"Secrets__OtherKeys__{i}", key)).Prepend(FaultOf("Secrets__MasterKey", options.MasterKey)).OfType<string>().ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    internal static string? FaultOf(string setting, string? key)
    {
        const string Wanted = "32 random bytes (openssl rand -base64 32)";
        if (string.IsNullOrWhiteSpace(key))
        {
            return $"{setting} is not set: it must be base64 of {Wanted}.";
        }

        var buffer = new byte[key.Length];
        if (!Convert.TryFromBase64String(key, buffer, out var length))
        {
            return $"{setting} is not base64: it must be base64 of {Wanted}.";
        }

        return length == KeyBytes ? null : $"{setting} holds {length} bytes: it must be base64 of exactly {Wanted}.";
    }
}
