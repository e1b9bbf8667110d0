using System.Text.Json;

namespace Bibind.Activities.Certificates;

/// <summary>An order that was placed and is not finished, as it is kept among the secrets; <see cref="object.ToString"/> leaves the key out.</summary>
/// <param name="Place">Its place in the issuance budget; null if it is exempt.</param>
internal sealed record PendingOrder(string Authority, Uri Order, string PrivateKeyPem, long? Place)
{
    public string ToSecret() => JsonSerializer.Serialize(this);

    public static PendingOrder OfSecret(string secret) => JsonSerializer.Deserialize<PendingOrder>(secret)!;

    /// <inheritdoc/>
    public override string ToString() => $"order {Order}";
}
