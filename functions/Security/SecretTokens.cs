using System.Security.Cryptography;
using System.Text;

namespace Bibind.Functions.Security;

/// <summary>
/// Finds the owner of a token in a time that tells nothing about the tokens: every stored digest is compared in full,
/// whether or not an earlier one matched. The tokens themselves are not kept.
/// </summary>
public sealed class SecretTokens<TOwner>(IEnumerable<(string Token, TokenOf<TOwner> Owner)> tokens)
    where TOwner : class
{
    /// <summary>Shorter tokens could be guessed.</summary>
    public const int MinimumLength = 24;

    private readonly (byte[] Digest, TokenOf<TOwner> Owner)[] _owners = [.. tokens.Select(t => (Digest(t.Token), t.Owner))];

    /// <summary>All of them, in the order of the settings.</summary>
    public IEnumerable<TokenOf<TOwner>> All => _owners.Select(o => o.Owner);

    /// <summary>The token's owner, or null; whether the token has ended is not looked at.</summary>
    public TokenOf<TOwner>? Find(string presented)
    {
        var digest = Digest(presented);
        TokenOf<TOwner>? found = null;
        foreach (var (stored, owner) in _owners)
        {
            found = CryptographicOperations.FixedTimeEquals(stored, digest) ? owner : found;
        }

        return found;
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

/// <summary>A token of the settings, without the token itself.</summary>
/// <param name="Owner">Who calls with it.</param>
/// <param name="Name">What it is called in logs and lists.</param>
public sealed record TokenOf<TOwner>(TOwner Owner, TokenName Name)
    where TOwner : class;

/// <summary>What tells a token of the settings from all others.</summary>
/// <param name="Kind">Where it is accepted.</param>
/// <param name="Caller">Whose it is.</param>
/// <param name="Label">Which of the caller's it is.</param>
/// <param name="NotAfter">When it ends; null if it does not.</param>
public sealed record TokenName(TokenKind Kind, string Caller, string Label, DateTimeOffset? NotAfter);

/// <summary>Where a token of the settings is accepted.</summary>
public enum TokenKind
{
    /// <summary>In the header of API calls.</summary>
    Api,

    /// <summary>In the address of webhooks.</summary>
    Webhook,
}
