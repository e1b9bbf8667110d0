using System.Text.Json;
using Bibind.Durable;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>What an authority says is wrong: a problem document (RFC 7807) with the types of RFC 8555.</summary>
/// <param name="Type">The type's last word, such as <c>caa</c>.</param>
/// <param name="Host">The name that it is about, if it says so.</param>
internal sealed record AcmeProblem(string Type, string Detail, int Status, string? Host, IReadOnlyList<AcmeProblem> Subproblems)
{
    public const string BadNonce = "badNonce";
    public const string AccountDoesNotExist = "accountDoesNotExist";
    public const string AlreadyReplaced = "alreadyReplaced";
    public const string AlreadyRevoked = "alreadyRevoked";
    public const string Malformed = "malformed";
    public const string OrderNotReady = "orderNotReady";
    public const string Unauthorized = "unauthorized";
    private const string Prefix = "urn:ietf:params:acme:error:";

    private static readonly Dictionary<string, (string Words, bool IsPermanent)> Known = new(StringComparer.Ordinal)
    {
        [BadNonce] = ("it rejects our nonces", false),
        [OrderNotReady] = ("the order is not ready yet", false),
        [AlreadyReplaced] = ("the certificate was replaced already", false),
        ["serverInternal"] = ("it has an internal error", false),
        ["rateLimited"] = ("it limits our orders", false),
        ["dns"] = ("it cannot resolve the name", false),
        ["connection"] = ("it cannot connect to the name's address", false),
        ["tls"] = ("it cannot speak TLS with the name's address", false),
        ["incorrectResponse"] = ("it got another answer than ours from the name's address", false),
        [Unauthorized] = ("it did not get our answer to its challenge from the name, or we may not do this", true),
        ["caa"] = ("the CAA records of the domain do not allow it to issue", true),
        ["rejectedIdentifier"] = ("it does not issue for this name", true),
        ["unsupportedIdentifier"] = ("it does not issue for this kind of name", true),
        [Malformed] = ("it takes our request for malformed", true),
        ["badCSR"] = ("it refuses our certificate request", true),
        ["badPublicKey"] = ("it refuses our public key", true),
        ["badSignatureAlgorithm"] = ("it refuses our way to sign", true),
        ["badRevocationReason"] = ("it refuses the reason of the revocation", true),
        ["externalAccountRequired"] = ("it wants an account of its own: set Certificates__Acme__EabKeyId and Certificates__Acme__EabKey", true),
        ["userActionRequired"] = ("a person has to act first, such as accept new terms", true),
        ["invalidContact"] = ("it refuses Certificates__Acme__Contact", true),
        ["unsupportedContact"] = ("it refuses Certificates__Acme__Contact", true),
        [AccountDoesNotExist] = ("it does not know our account", true),
    };

    /// <summary>True if it may mean that a key does not open the account: authorities do not agree what they call that.</summary>
    public bool MayBeOfTheKey => Type is Malformed or AccountDoesNotExist or Unauthorized;

    /// <summary>True if trying again cannot help.</summary>
    public bool IsPermanent => Type == "compound" && Subproblems.Count > 0 ? Subproblems.Any(p => p.IsPermanent)
        : Known.TryGetValue(Type, out var known) ? known.IsPermanent
        : Status is >= 400 and < 500;

    /// <summary>The reason as people understand it, with the authority's own words behind.</summary>
    public string Words
    {
        get
        {
            var own = Known.TryGetValue(Type, out var known) ? $"{known.Words} ({Type}: {Detail.TrimEnd('.')})" : $"{Type}: {Detail.TrimEnd('.')}";
            var about = Host is null ? own : $"{Host}: {own}";
            return Subproblems.Count == 0 ? about : $"{about}; {string.Join("; ", Subproblems.Select(p => p.Words))}";
        }
    }

    /// <summary>The failure of a step that this problem ends.</summary>
    public Exception Failure(string authority, string what)
    {
        var message = $"The certificate authority {authority} refuses {what}: {Words}.";
        return IsPermanent ? new PermanentFailureException(message) : new TransientFailureException(message);
    }

    /// <summary>Reads a problem; null if the document is none.</summary>
    public static AcmeProblem? TryRead(JsonElement document, int status)
    {
        if (document.ValueKind != JsonValueKind.Object || Text(document, "type") is not { } type)
        {
            return null;
        }

        var subproblems = document.TryGetProperty("subproblems", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select(p => TryRead(p, status)).OfType<AcmeProblem>().ToList()
            : [];
        var host = document.TryGetProperty("identifier", out var identifier) && identifier.ValueKind == JsonValueKind.Object ? Text(identifier, "value") : null;
        return new AcmeProblem(
            type.StartsWith(Prefix, StringComparison.Ordinal) ? type[Prefix.Length..] : type, Text(document, "detail") ?? "no detail", status, host, subproblems);
    }

    private static string? Text(JsonElement document, string name) =>
        document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>An authority refused a request; turned into a failure in words where it is known what was asked for.</summary>
internal sealed class AcmeProblemException(AcmeProblem problem) : Exception(problem.Words)
{
    public AcmeProblem Problem { get; } = problem;
}
