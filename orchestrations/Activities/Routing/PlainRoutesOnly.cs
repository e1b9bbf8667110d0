using Bibind.Activities.Certificates;
using Bibind.Contracts;

namespace Bibind.Activities.Routing;

/// <summary>Stands in where nobody keeps certificates: routes are plain then.</summary>
internal sealed class PlainRoutesOnly : ITenantCertificates
{
    public Task<TenantCertificate?> FindAsync(TenantPlace place, CancellationToken cancellationToken) => Task.FromResult<TenantCertificate?>(null);
}
