namespace Bibind.Functions.Security;

/// <summary>Who calls, and what they may do.</summary>
/// <param name="Name">As the settings name them; recorded with what they order.</param>
/// <param name="Role">Their role.</param>
public sealed record Caller(string Name, Role Role);

/// <summary>An Odoo console that may post webhooks.</summary>
/// <param name="Name">As the settings name it.</param>
public sealed record WebhookCaller(string Name);

/// <summary>The callers that the settings name.</summary>
public sealed class Callers(SecretTokens<Caller> bearers, SecretTokens<WebhookCaller> webhooks)
{
    /// <summary>Whose bearer token it is.</summary>
    public Caller? FindBearer(string token) => bearers.Find(token);

    /// <summary>Whose webhook address it is.</summary>
    public WebhookCaller? FindWebhook(string token) => webhooks.Find(token);
}
