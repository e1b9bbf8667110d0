using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>The key of an ACME account (ECDSA P-256), with its shapes of RFC 7515, 7517 and 7638.</summary>
internal sealed class AcmeKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly string _x;
    private readonly string _y;

    public AcmeKey(string pem)
    {
        _key = ECDsa.Create();
        _key.ImportFromPem(pem);
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        _x = Base64Url.EncodeToString(point.X);
        _y = Base64Url.EncodeToString(point.Y);
    }

    /// <summary>The public key.</summary>
    public JsonObject Jwk => new() { ["crv"] = "P-256", ["kty"] = "EC", ["x"] = _x, ["y"] = _y };

    /// <summary>What the authority wants to find, where a challenge of this type is answered.</summary>
    public string AnswerTo(string challengeType, string token) => challengeType == ChallengeTypes.Dns ? AuthorizeByDns(token) : Authorize(token);

    /// <summary>What a host answers to an HTTP-01 challenge.</summary>
    public string Authorize(string token) => $"{token}.{Thumbprint}";

    /// <summary>The TXT value that answers a DNS-01 challenge.</summary>
    public string AuthorizeByDns(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Authorize(token))));

    /// <summary>A signed message. Without a payload it reads what is at the address (POST-as-GET).</summary>
    /// <param name="account">The account's address, or null to send the public key instead.</param>
    public string Sign(Uri address, string nonce, string? account, JsonNode? payload)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["nonce"] = nonce, ["url"] = address.AbsoluteUri };
        if (account is null)
        {
            head["jwk"] = Jwk;
        }
        else
        {
            head["kid"] = account;
        }

        return Jws(head, payload?.ToJsonString() ?? "", SignText).ToJsonString();
    }

    /// <summary>The binding to an account that the authority has elsewhere: our public key, signed with its key.</summary>
    public JsonObject BindTo(string keyId, string keyBase64Url, Uri newAccount)
    {
        var head = new JsonObject { ["alg"] = "HS256", ["kid"] = keyId, ["url"] = newAccount.AbsoluteUri };
        return Jws(head, Jwk.ToJsonString(), text => HMACSHA256.HashData(Base64Url.DecodeFromChars(keyBase64Url), text));
    }

    /// <summary>The inner message of a key change: this key asks for an account that has another one (RFC 8555, 7.3.5).</summary>
    /// <param name="former">The account's key until then.</param>
    /// <param name="account">The account's address.</param>
    /// <param name="keyChange">Where keys are changed.</param>
    public JsonObject TakeOver(AcmeKey former, string account, Uri keyChange)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["jwk"] = Jwk, ["url"] = keyChange.AbsoluteUri };
        return Jws(head, new JsonObject { ["account"] = account, ["oldKey"] = former.Jwk }.ToJsonString(), SignText);
    }

    public static string NewPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose() => _key.Dispose();

    // The members in this order, without white space: RFC 7638.
    private string Thumbprint => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(
        $$"""{"crv":"P-256","kty":"EC","x":"{{_x}}","y":"{{_y}}"}""")));

    private byte[] SignText(byte[] text) => _key.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static JsonObject Jws(JsonObject head, string payload, Func<byte[], byte[]> sign)
    {
        var protectedPart = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(head.ToJsonString()));
        var payloadPart = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        return new JsonObject
        {
            ["protected"] = protectedPart,
            ["payload"] = payloadPart,
            ["signature"] = Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes($"{protectedPart}.{payloadPart}"))),
        };
    }
}
