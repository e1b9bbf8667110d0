using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Testing.Servers;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>Tokens signed by hand with an issuer's own keys, so that exactly one thing is wrong with each.</summary>
internal static class TestTokens
{
    /// <summary>The claims of a token that would be accepted, as an administrator's.</summary>
    public static JsonObject Claims(string issuer) => new()
    {
        ["iss"] = issuer,
        ["aud"] = OidcServer.Audience,
        ["sub"] = "ada",
        ["roles"] = new JsonArray("admin"),
        ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["exp"] = DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds(),
    };

    public static string Rs256(RSA key, JsonObject claims, string? keyId = "first", string type = "at+jwt") => Sign(
        Header("RS256", keyId, type), claims, signed => key.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Sign(JsonObject header, JsonObject claims, Func<byte[], byte[]> signature)
    {
        var signed = $"{Encode(header.ToJsonString())}.{Encode(claims.ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(signature(Encoding.ASCII.GetBytes(signed)))}";
    }

    public static JsonObject Header(string algorithm, string? keyId = "first", string type = "at+jwt")
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = type };
        if (keyId is not null)
        {
            header["kid"] = keyId;
        }

        return header;
    }

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
