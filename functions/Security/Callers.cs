namespace Bibind.Functions.Security;

/// <summary>Who calls, and what they may do.</summary>
/// <param name="Name">As the settings or the token name them; recorded with what they order.</param>
/// <param name="Role">Their role; null if their token gives none.</param>
public sealed record Caller(string Name, Role? Role)
{
    /// <summary>The customer whose tenants are all that the caller reaches; null for operators, who reach every tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>Where the name comes from: <c>api</c> for the settings, <c>token</c> for tokens that operators make, <c>oidc</c> for an issuer, <c>local</c> for who uses this machine.</summary>
    public string Source { get; init; } = "api";

    /// <summary>The console's session that the call belongs to; null for a token in its header.</summary>
    public long? Session { get; init; }

    /// <summary>Who made the caller's token; null for one that nobody made here.</summary>
    public string? MadeBy { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? MadeAt { get; init; }

    /// <summary>Tells callers of one name apart; idempotency keys of different callers never meet.</summary>
    public string Id => Customer is null ? $"{Source}:{Name}" : $"customer {Customer} {Source}:{Name}";
}

/// <summary>An Odoo console that may post webhooks.</summary>
/// <param name="Name">As the settings name it.</param>
public sealed record WebhookCaller(string Name)
{
    /// <summary>The customer whose tenants are all that the console reaches; null if it reaches every tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>What its records may ask for, of <see cref="WebhookEvents.All"/>.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = WebhookEvents.All;

    /// <summary>Which fields of its records say what.</summary>
    public WebhookMapping Mapping { get; init; } = WebhookMapping.Default;
}

/// <summary>The callers that the settings name.</summary>
public sealed class Callers(SecretTokens<Caller> bearers, SecretTokens<WebhookCaller> webhooks)
{
    /// <summary>The bearer tokens.</summary>
    public IEnumerable<TokenOf<Caller>> Bearers => bearers.All;

    /// <summary>The webhooks' tokens.</summary>
    public IEnumerable<TokenOf<WebhookCaller>> Webhooks => webhooks.All;

    /// <summary>Whose bearer token it is.</summary>
    public TokenOf<Caller>? FindBearer(string token) => bearers.Find(token);

    /// <summary>Whose webhook address it is.</summary>
    public TokenOf<WebhookCaller>? FindWebhook(string token) => webhooks.Find(token);
}
