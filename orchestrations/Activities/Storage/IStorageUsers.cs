using System.Text.Json;
using Bibind.Contracts;

namespace Bibind.Activities.Storage;

/// <summary>Keys of a tenant at the object store; <see cref="object.ToString"/> leaves the secret out.</summary>
public sealed record StorageKeys(string AccessKey, string SecretKey)
{
    /// <summary>As it is kept among the secrets.</summary>
    public string ToText() => JsonSerializer.Serialize(this);

    /// <summary>From the secrets.</summary>
    public static StorageKeys Parse(string text) => JsonSerializer.Deserialize<StorageKeys>(text)!;

    /// <inheritdoc/>
    public override string ToString() => AccessKey;
}

/// <summary>Gives tenants keys of their own at the object store, that open their own bucket and nothing else, where the store's vendor has a way.</summary>
public interface IStorageUsers
{
    /// <summary>False where tenants have no keys of their own.</summary>
    bool IsOn { get; }

    /// <summary>Makes the tenant's user, keeps its keys as a secret, and gives it the bucket with the plan's quota; may be called again.</summary>
    Task GrantAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Gives the tenant's bucket the quota that its plan has by now; true if it had another.</summary>
    Task<bool> FollowPlanAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Deletes the tenant's user and forgets its keys; succeeds when there is none, and leaves one that is not ours.</summary>
    Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if the tenant's user is there.</summary>
    Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken);
}

/// <summary>No tenant has keys of its own.</summary>
internal sealed class NoStorageUsers : IStorageUsers
{
    public bool IsOn => false;

    public Task GrantAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool> FollowPlanAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);
}
