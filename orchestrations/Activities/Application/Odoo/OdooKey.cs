using System.Security.Cryptography;
using Bibind.Activities.Credentials;

namespace Bibind.Activities.Application.Odoo;

/// <summary>An API key as Odoo makes them: 40 hexadecimal digits, found by the first 8, hashed with few rounds, for it is random.</summary>
/// <param name="UserId">Whose it is.</param>
/// <param name="Value">The key.</param>
public sealed record OdooKey(int UserId, string Value)
{
    private const int Bytes = 20;
    private const int IndexLength = 8;

    /// <summary>The part that Odoo finds it by.</summary>
    public string Index => Value[..IndexLength];

    /// <summary>A new one.</summary>
    public static OdooKey Make(int userId) => new(userId, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>As Odoo stores it.</summary>
    public string Hash() => PasslibPbkdf2Sha512.Hash(Value, PasslibPbkdf2Sha512.RandomTextRounds);

    /// <summary>Leaves the key out.</summary>
    public override string ToString() => nameof(OdooKey);
}
