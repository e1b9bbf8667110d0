using Bibind.Contracts;
using Bibind.ControlPlane.Domains;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Tenants' own host names, in memory.</summary>
internal sealed class MemoryDomains : ITenantDomains
{
    public List<string> Names { get; } = [];

    /// <summary>A name that a job is setting up.</summary>
    public string? Busy { get; set; }

    public Task<IReadOnlyList<TenantDescriptor>> BesidesAsync(TenantDescriptor place, bool onlyActive, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TenantDescriptor>>(place.ApplicationHost is null ? [.. Names.Select(name => DomainDescriptors.At(place, place.Host, name))] : []);

    public Task<string?> CloseAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(Busy);
}
