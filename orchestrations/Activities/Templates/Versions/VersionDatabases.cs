using Bibind.Activities.Database;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Asks a server whether a version's database is there: somebody may have dropped it by hand.</summary>
public sealed class VersionDatabases(PostgresConnector postgres)
{
    /// <summary>True if it can be cloned, false if it is gone or invalid, null if the server cannot be asked now.</summary>
    public async Task<bool?> IsThereAsync(TemplateVersion version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        try
        {
            await using var session = await postgres.OpenMaintenanceAsync(version.ServerId, $"bibind look {version.Code}", cancellationToken);
            return await session.TranslateErrorsAsync<bool?>(
                version.Database, async () => await DatabaseCatalogue.LookAsync(session, version.Database, cancellationToken) is { IsInvalid: false });
        }
        catch (ActivityFailureException)
        {
            return null;
        }
    }
}
