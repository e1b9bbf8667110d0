using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Activities.Credentials;

/// <summary>Password hashes as passlib's <c>pbkdf2_sha512</c> writes them: <c>$pbkdf2-sha512$rounds$salt$key</c>.</summary>
public static class PasslibPbkdf2Sha512
{
    /// <summary>Odoo 18's least; about half a second to a second of CPU.</summary>
    public const int OdooRounds = 600_000;

    /// <summary>
    /// What Odoo gives its own API keys, which are random too: rounds make guessing dear, and nobody guesses 137 bits.
    /// Odoo hashes the password with its own rounds at the first login.
    /// </summary>
    public const int RandomTextRounds = 6_000;

    private const string Scheme = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int KeyBytes = 64;

    /// <summary>The hash of a password under a random salt.</summary>
    public static string Hash(string password, int rounds = OdooRounds) =>
        Hash(password, rounds, RandomNumberGenerator.GetBytes(SaltBytes));

    /// <summary>True if the password is the one that was hashed.</summary>
    /// <exception cref="FormatException">The text is not such a hash.</exception>
    public static bool Verify(string password, string hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        var parts = hash.Split('$');
        if (parts is not ["", Scheme, var roundsText, var salt, var key]
            || !int.TryParse(roundsText, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds)
            || rounds < 1)
        {
            throw new FormatException("The text is no pbkdf2-sha512 hash of passlib.");
        }

        var expected = Decode(key);
        var actual = Derive(password, Decode(salt), rounds, expected.Length);
        return CryptographicOperations.FixedTimeEquals(expected, actual);
    }

    internal static string Hash(string password, int rounds, byte[] salt) =>
        string.Create(CultureInfo.InvariantCulture, $"${Scheme}${rounds}${Encode(salt)}${Encode(Derive(password, salt, rounds, KeyBytes))}");

    private static byte[] Derive(string password, byte[] salt, int rounds, int bytes) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA512, bytes);

    // passlib's "adapted base64": a dot for the plus sign and no padding.
    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '.');

    private static byte[] Decode(string text) =>
        Convert.FromBase64String(text.Replace('.', '+').PadRight((text.Length + 3) / 4 * 4, '='));
}
