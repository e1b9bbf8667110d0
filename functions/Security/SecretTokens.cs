using System.Security.Cryptography;
using System.Text;

namespace Bibind.Functions.Security;

/// <summary>
/// Finds the owner of a token in a time that tells nothing about the tokens: every stored digest is compared in full,
/// whether or not an earlier one matched. The tokens themselves are not kept.
/// </summary>
public sealed class SecretTokens<TOwner>(IEnumerable<(string Token, TOwner Owner)> tokens)
    where TOwner : class
{
    /// <summary>Shorter tokens could be guessed.</summary>
    public const int MinimumLength = 24;

    private readonly (byte[] Digest, TOwner Owner)[] _owners = [.. tokens.Select(t => (Digest(t.Token), t.Owner))];

    /// <summary>The owner, or null.</summary>
    public TOwner? Find(string presented)
    {
        var digest = Digest(presented);
        TOwner? found = null;
        foreach (var (stored, owner) in _owners)
        {
            found = CryptographicOperations.FixedTimeEquals(stored, digest) ? owner : found;
        }

        return found;
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
