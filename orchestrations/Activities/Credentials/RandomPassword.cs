using System.Security.Cryptography;

namespace Bibind.Activities.Credentials;

/// <summary>Makes passwords that can be read aloud and typed: no letter or digit looks like another.</summary>
public static class RandomPassword
{
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
    private const int Length = 24;

    /// <summary>A password of 24 characters: about 137 bits.</summary>
    public static string Make() => RandomNumberGenerator.GetString(Alphabet, Length);
}
