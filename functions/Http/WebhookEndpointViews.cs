using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Notices;

namespace Bibind.Functions.Http;

/// <summary>An endpoint that notices are to be posted to.</summary>
public sealed record CreateWebhookEndpoint
{
    /// <summary>An https address.</summary>
    public required string Url { get; init; }

    /// <summary>What it is, for people.</summary>
    [DisallowNull]
    public string? Description { get; init; }

    /// <summary>The kinds that it wants; all unless given.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Kinds { get; init; }
}

/// <summary>A change of an endpoint. What is left out stays; the description is emptied by null.</summary>
public sealed record ChangeWebhookEndpoint
{
    [DisallowNull]
    public string? Url { get; init; }
    public string? Description { get; init; }

    /// <summary>The kinds that it wants; all if empty.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>False keeps everything from being posted to it.</summary>
    [DisallowNull]
    public bool? Enabled { get; init; }
}

/// <summary>An endpoint that notices are posted to, without its secret.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Kinds">The kinds that it wants; all if empty.</param>
/// <param name="Enabled">False if nothing is posted to it.</param>
/// <param name="DisabledReason">Why it was disabled by itself: it answered 410.</param>
/// <param name="FormerSecretUntil">Until when the former secret signs beside the new one; null if none does.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record WebhookEndpointView(
    long Id, string Url, string? Description, IReadOnlyList<string> Kinds, bool Enabled, string? DisabledReason, DateTimeOffset? FormerSecretUntil,
    string CreatedBy, DateTimeOffset CreatedAt)
{
    /// <summary>From a row.</summary>
    public static WebhookEndpointView Of(WebhookEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new WebhookEndpointView(
            endpoint.Id, endpoint.Url, endpoint.Description, endpoint.Kinds, endpoint.Enabled, endpoint.DisabledReason, endpoint.PreviousSecretUntil,
            endpoint.CreatedBy, endpoint.CreatedAt);
    }
}

/// <summary>An endpoint with its secret, which is shown this once.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Secret">What its messages are signed with, <c>whsec_…</c>.</param>
public sealed record WebhookEndpointSecret(WebhookEndpointView Endpoint, string Secret)
{
    /// <inheritdoc/>
    public override string ToString() => Endpoint.ToString();
}
