using System.Security.Cryptography;
using System.Text;

namespace Bibind.ControlPlane.Secrets;

/// <summary>A value as it is stored.</summary>
/// <param name="Ciphertext">Ciphertext, then the 16-byte tag.</param>
internal sealed record SealedSecret(byte[] Nonce, byte[] Ciphertext, string KeyId);

/// <summary>
/// AES-256-GCM with the secret's name as associated data, so that a row copied over another row's name does not open.
/// </summary>
internal sealed class SecretCipher
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] _key;

    public SecretCipher(byte[] key)
    {
        _key = key;
        KeyId = Convert.ToHexStringLower(SHA256.HashData(key))[..8];
    }

    /// <summary>First 8 hex digits of the key's SHA-256: tells keys apart, tells nothing of the key.</summary>
    public string KeyId { get; }

    public SealedSecret Seal(string name, string value)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        var ciphertext = new byte[plain.Length + TagBytes];
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(nonce, plain, ciphertext.AsSpan(0, plain.Length), ciphertext.AsSpan(plain.Length), Encoding.UTF8.GetBytes(name));
        CryptographicOperations.ZeroMemory(plain);
        return new SealedSecret(nonce, ciphertext, KeyId);
    }

    public string Open(string name, SealedSecret secret)
    {
        if (secret.Ciphertext.Length < TagBytes)
        {
            throw new CryptographicException($"Secret '{name}' is damaged: it is shorter than its authentication tag.");
        }

        var plain = new byte[secret.Ciphertext.Length - TagBytes];
        try
        {
            using var aes = new AesGcm(_key, TagBytes);
            aes.Decrypt(
                secret.Nonce, secret.Ciphertext.AsSpan(0, plain.Length), secret.Ciphertext.AsSpan(plain.Length), plain, Encoding.UTF8.GetBytes(name));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CryptographicException($"Secret '{name}' does not open: the stored value was altered or moved from another name.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
