using Bibind.ControlPlane;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Security;

/// <summary>Reads <c>Auth__Tokens__N</c> and <c>OdooWebhooks__N</c>.</summary>
internal static class CallerSettings
{
    public static Callers Read(SettingsReader reader, SignInOptions signIn)
    {
        var bearers = ReadTokens(reader, "Auth:Tokens", TokenKind.Api)
            .Select(t => (t.Key, t.Token, Owner: new TokenOf<Caller>(
                new Caller(t.Name.Caller, reader.Choice($"{t.Key}:Role", reader.Optional($"{t.Key}:Role"), Role.Viewer))
                {
                    Customer = ReadCustomer(reader, $"{t.Key}:Customer"),
                },
                t.Name)))
            .ToList();
        ReportOtherRights(reader, bearers, b => b.Name, ("Role", b => b.Role), ("Customer", b => b.Customer));
        if (bearers.Count == 0 && !signIn.IsOn)
        {
            reader.Report("Auth:Tokens", "is empty: without at least Auth__Tokens__0__Name, __Token and __Role, or Auth__Issuer, nobody can call the API.");
        }

        var webhooks = ReadTokens(reader, "OdooWebhooks", TokenKind.Webhook)
            .Select(t => (t.Key, t.Token, Owner: new TokenOf<WebhookCaller>(
                new WebhookCaller(t.Name.Caller)
                {
                    Customer = ReadCustomer(reader, $"{t.Key}:Customer"),
                    Allowed = MappingSettings.ReadAllowed(reader, t.Key),
                    Mapping = MappingSettings.Read(reader, t.Key),
                },
                t.Name)))
            .ToList();
        ReportOtherRights(reader, webhooks, w => w.Name, ("Customer", w => w.Customer));
        return new Callers(
            new SecretTokens<Caller>(bearers.Select(b => (b.Token, b.Owner))), new SecretTokens<WebhookCaller>(webhooks.Select(w => (w.Token, w.Owner))));
    }

    private static List<(string Key, TokenName Name, string Token)> ReadTokens(SettingsReader reader, string section, TokenKind kind)
    {
        var tokens = reader.Items(section)
            .Select(key => (
                Key: key,
                Name: new TokenName(kind, ReadName(reader, $"{key}:Name"), ReadLabel(reader, $"{key}:Label"), reader.Instant($"{key}:NotAfter")),
                Token: ReadToken(reader, $"{key}:Token")))
            .ToList();
        ReportTwins(
            reader, tokens, t => t.Name.Caller.Length == 0 ? string.Empty : $"{t.Name.Label}\n{t.Name.Caller}", "Name",
            "two callers need two names, and two tokens of one caller a Label each");
        ReportTwins(reader, tokens, t => t.Token, "Token", "each must be its own");
        return tokens;
    }

    // Which of its tokens a caller uses must make no difference but to itself.
    private static void ReportOtherRights<T>(
        SettingsReader reader, List<(string Key, string Token, TokenOf<T> Owner)> tokens, Func<T, string> name, params (string Member, Func<T, object?> Right)[] rights)
        where T : class
    {
        foreach (var ofOne in tokens.Where(t => name(t.Owner.Owner).Length > 0).GroupBy(t => name(t.Owner.Owner), StringComparer.Ordinal))
        {
            var first = ofOne.First();
            foreach (var other in ofOne.Skip(1))
            {
                foreach (var (member, right) in rights.Where(r => !Equals(r.Right(other.Owner.Owner), r.Right(first.Owner.Owner))))
                {
                    reader.Report($"{other.Key}:{member}", $"is another than {SettingsReader.NameOf(first.Key)}__{member}; tokens of one caller open the same.");
                }
            }
        }
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

    private static string ReadName(SettingsReader reader, string key) =>
        Printable(reader, key, reader.Required(key, "whom the token belongs to; it is recorded with what they order"));

    private static string ReadLabel(SettingsReader reader, string key) => Printable(reader, key, reader.Optional(key) ?? "default");

    private static string Printable(SettingsReader reader, string key, string text)
    {
        if (text.Length > 100 || PlainText.ProblemWith(text, mayHaveLines: false) is not null)
        {
            reader.Report(key, "must be at most 100 printable characters.");
        }

        return text;
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

    // Two owners of one token could not be told apart; two tokens of one name neither, in what is recorded.
    private static void ReportTwins(
        SettingsReader reader, List<(string Key, TokenName Name, string Token)> tokens, Func<(string Key, TokenName Name, string Token), string> part, string member, string rule)
    {
        foreach (var twins in tokens.Where(t => part(t).Length > 0).GroupBy(part, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            reader.Report($"{twins.Last().Key}:{member}", $"is the same as {SettingsReader.NameOf(twins.First().Key)}__{member}; {rule}.");
        }
    }
}
