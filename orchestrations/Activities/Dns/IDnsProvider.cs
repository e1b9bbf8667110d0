using Bibind.Contracts;

namespace Bibind.Activities.Dns;

/// <summary>Keeps the tenants' records in a zone; touches none that it did not create.</summary>
public interface IDnsProvider
{
    /// <summary>Makes the host name point at us; succeeds when it does already.</summary>
    Task CreateAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Deletes our record; succeeds when there is none.</summary>
    Task DeleteAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if a record of ours is there, as the provider answers now.</summary>
    Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken);
}
