using System.Security.Cryptography;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Stores with the master key, and opens what was stored with it or with one of the other keys.</summary>
internal sealed class SecretKeyring
{
    private readonly SecretCipher _current;
    private readonly Dictionary<string, SecretCipher> _ciphers;

    public SecretKeyring(SecretsOptions options)
    {
        _current = CipherOf(options.MasterKey);
        _ciphers = options.OtherKeys.Select(CipherOf).Prepend(_current).DistinctBy(c => c.KeyId).ToDictionary(c => c.KeyId);
    }

    /// <summary>The id of the key that new secrets are stored with.</summary>
    public string CurrentId => _current.KeyId;

    /// <summary>The ids of all keys that open secrets.</summary>
    public string[] Ids => [.. _ciphers.Keys];

    public SealedSecret Seal(string name, string value) => _current.Seal(name, value);

    /// <exception cref="CryptographicException">The secret was stored with none of the keys, or was altered.</exception>
    public string Open(string name, SealedSecret secret) => _ciphers.TryGetValue(secret.KeyId, out var cipher)
        ? cipher.Open(name, secret)
        : throw new CryptographicException(
            $"Secret '{name}' was stored with master key {secret.KeyId}, but Secrets__MasterKey is now key {CurrentId}: set the former key again.");

    private static SecretCipher CipherOf(string key) => new(Convert.FromBase64String(key));
}
