using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Tenants;

namespace Bibind.Functions.Security;

/// <summary>A token that is not accepted; the message is for its bearer, and holds nothing of the token.</summary>
internal sealed class TokenRefusedException(string message) : Exception(message);

/// <summary>Reads who calls out of the claims of a token that was found valid.</summary>
internal sealed class TokenCallers(ClaimOptions options)
{
    private const int LongestName = 100;

    /// <summary>Who calls.</summary>
    /// <param name="claims">The claims, or the answer of an introspection.</param>
    /// <exception cref="TokenRefusedException">The claims do not say it properly.</exception>
    public Caller Read(JsonElement claims)
    {
        try
        {
            return new Caller(ReadName(claims), ReadRole(claims)) { Customer = ReadCustomer(claims), Source = "oidc" };
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair is JSON, and no text.
            throw new TokenRefusedException("The token's claims cannot be read.");
        }
    }

    // What a service gets for itself need not have a subject (RFC 7662).
    private string ReadName(JsonElement claims) =>
        (Find(claims, options.Name) ?? Find(claims, "client_id")) is { ValueKind: JsonValueKind.String } name && name.GetString() is { Length: > 0 and <= LongestName } text
            && PlainText.ProblemWith(text, mayHaveLines: false) is null
            ? text
            : throw new TokenRefusedException($"The token's claim '{options.Name}' must name its owner with 1 to {LongestName} printable characters.");

    private Role? ReadRole(JsonElement claims)
    {
        Role? highest = null;
        foreach (var name in ReadRoleNames(Find(claims, options.Roles)))
        {
            if (options.RoleNames.TryGetValue(name, out var role) && !(highest >= role))
            {
                highest = role;
            }
        }

        return highest;
    }

    private static IEnumerable<string> ReadRoleNames(JsonElement? roles) => roles switch
    {
        { ValueKind: JsonValueKind.String } words => words.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!),
        _ => [],
    };

    // A claim that is there but says nothing must not make an operator of a customer.
    private string? ReadCustomer(JsonElement claims)
    {
        if (options.Customer is not { } claim)
        {
            return null;
        }

        return Find(claims, claim) switch
        {
            null when !options.CustomersOnly => null,
            { ValueKind: JsonValueKind.String } text when CustomerCodes.IsWellFormed(text.GetString()!) => text.GetString(),
            _ => throw new TokenRefusedException($"The token's claim '{claim}' must name one customer: {CustomerCodes.Rule}."),
        };
    }

    // Some issuers name claims by addresses, whose dots lead nowhere.
    private static JsonElement? Find(JsonElement claims, string name)
    {
        if (claims.TryGetProperty(name, out var literal))
        {
            return literal;
        }

        JsonElement? found = claims;
        foreach (var part in name.Split('.'))
        {
            found = found is { ValueKind: JsonValueKind.Object } members && members.TryGetProperty(part, out var member) ? member : null;
        }

        return found;
    }
}
