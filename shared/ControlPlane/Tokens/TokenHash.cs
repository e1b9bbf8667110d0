using System.Security.Cryptography;
using System.Text;

namespace Bibind.ControlPlane.Tokens;

/// <summary>What is stored of a random token, to find it by: nobody who has the control database can make the token of it.</summary>
public static class TokenHash
{
    /// <summary>SHA-256 of the token's characters, in lower-case hex. Tokens are long and random, so that nothing slower is needed.</summary>
    public static string Of(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
}
