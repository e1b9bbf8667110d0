using System.Security.Cryptography;

namespace Bibind.ControlPlane.Notices;

/// <summary>Where notices are posted to.</summary>
public sealed record WebhookEndpoint
{
    public long Id { get; init; }
    public string Url { get; init; } = string.Empty;
    public string? Description { get; init; }

    /// <summary>The kinds that it wants; all if empty.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];
    public bool Enabled { get; init; }

    /// <summary>Why it was disabled by itself.</summary>
    public string? DisabledReason { get; init; }
    public int SecretVersion { get; init; }

    /// <summary>Until when the former secret signs too.</summary>
    public DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>Grows with each change.</summary>
    public int Version { get; init; }
    public string CreatedBy { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An endpoint with a secret that is shown this once.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Secret">What its messages are signed with.</param>
public sealed record EndpointWithSecret(WebhookEndpoint Endpoint, string Secret)
{
    /// <inheritdoc/>
    public override string ToString() => $"webhook endpoint {Endpoint.Id}";
}

/// <summary>The fields that people choose.</summary>
public sealed record EndpointFields(string Url, string? Description, IReadOnlyList<string> Kinds, bool Enabled);

/// <summary>Secrets of webhooks, as Standard Webhooks has them.</summary>
public static class WebhookSecrets
{
    /// <summary>What each begins with; base64 follows.</summary>
    public const string Prefix = "whsec_";

    private const int Bytes = 32;

    /// <summary>A new one.</summary>
    public static string Make() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Its name in the secret store.</summary>
    public static string NameOf(long endpointId, int version) => FormattableString.Invariant($"webhook-endpoints/{endpointId}/{version}");

    /// <summary>What all of an endpoint's begin with.</summary>
    public static string PrefixOf(long endpointId) => FormattableString.Invariant($"webhook-endpoints/{endpointId}");
}
