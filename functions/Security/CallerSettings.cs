using Bibind.ControlPlane;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Security;

/// <summary>Reads <c>Auth__Tokens__N</c> and <c>OdooWebhooks__N</c>.</summary>
internal static class CallerSettings
{
    public static Callers Read(SettingsReader reader, SignInOptions signIn)
    {
        var bearers = ReadTokens(reader, "Auth:Tokens")
            .Select(t => (t.Token, new Caller(t.Name, reader.Choice($"{t.Key}:Role", reader.Optional($"{t.Key}:Role"), Role.Viewer))
            {
                Customer = ReadCustomer(reader, $"{t.Key}:Customer"),
            }))
            .ToList();
        if (bearers.Count == 0 && !signIn.IsOn)
        {
            reader.Report("Auth:Tokens", "is empty: without at least Auth__Tokens__0__Name, __Token and __Role, or Auth__Issuer, nobody can call the API.");
        }

        var webhooks = ReadTokens(reader, "OdooWebhooks").Select(t => (t.Token, new WebhookCaller(t.Name))).ToList();
        return new Callers(new SecretTokens<Caller>(bearers), new SecretTokens<WebhookCaller>(webhooks));
    }

    private static List<(string Key, string Name, string Token)> ReadTokens(SettingsReader reader, string section)
    {
        var tokens = reader.Items(section)
            .Select(key => (Key: key, Name: ReadName(reader, $"{key}:Name"), Token: ReadToken(reader, $"{key}:Token")))
            .ToList();
        ReportTwins(reader, tokens, t => t.Name, "Name");
        ReportTwins(reader, tokens, t => t.Token, "Token");
        return tokens;
    }

    private static string? ReadCustomer(SettingsReader reader, string key)
    {
        var customer = reader.Optional(key);
        if (customer is not null && !CustomerCodes.IsWellFormed(customer))
        {
            reader.Report(key, $"must be the code of a customer: {CustomerCodes.Rule}.");
        }

        return customer;
    }

    private static string ReadName(SettingsReader reader, string key)
    {
        var name = reader.Required(key, "whom the token belongs to; it is recorded with what they order");
        if (name.Length > 100 || PlainText.ProblemWith(name, mayHaveLines: false) is not null)
        {
            reader.Report(key, "must be at most 100 printable characters.");
        }

        return name;
    }

    private static string ReadToken(SettingsReader reader, string key)
    {
        var token = reader.Required(key, $"a secret of at least {SecretTokens<Caller>.MinimumLength} characters");
        if (token.Length is > 0 and < SecretTokens<Caller>.MinimumLength)
        {
            reader.Report(key, $"is too short: {SecretTokens<Caller>.MinimumLength} characters at least, made at random (`openssl rand -hex 32`).");
        }
        else if (token.Any(c => !char.IsAsciiLetterOrDigit(c) && !"-._~+=".Contains(c, StringComparison.Ordinal)))
        {
            reader.Report(key, "may hold letters, digits and - . _ ~ + = only, because it travels in headers and addresses.");
        }

        return token;
    }

    // Two owners of one token could not be told apart; two of one name neither, in what is recorded.
    private static void ReportTwins(
        SettingsReader reader, List<(string Key, string Name, string Token)> tokens, Func<(string Key, string Name, string Token), string> part, string member)
    {
        foreach (var twins in tokens.Where(t => part(t).Length > 0).GroupBy(part, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            reader.Report($"{twins.Last().Key}:{member}", $"is the same as {SettingsReader.NameOf(twins.First().Key)}__{member}; each must be its own.");
        }
    }
}
