using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Modules;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>Asks a tenant's database which modules there are.</summary>
public sealed class TenantModuleReader(PostgresConnector postgres, IOptions<ModuleOptions> options)
{
    /// <summary>Asks it.</summary>
    /// <exception cref="PermanentFailureException">It cannot be read; says why.</exception>
    /// <exception cref="TransientFailureException">It does not answer now.</exception>
    public async Task<ModuleList> ReadAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (place.Application != Applications.Odoo)
        {
            throw new PermanentFailureException($"The application of '{place.Code}' is {place.Application}: only Odoo's modules are changed here.");
        }

        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await ModuleReader.RunAsync(session, options.Value.ReadLimit, cancellationToken);
    }
}
