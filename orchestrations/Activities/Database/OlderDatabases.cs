using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Database;

/// <summary>
/// Sees to it that the databases of an installation that is older than the register are taken over soon after it came, on servers too that nothing
/// is ordered on: the shorter that takes, the less can be written on them meanwhile.
/// </summary>
public sealed class OlderDatabases(PostgresConnector postgres, ServerStore servers, IDatabaseRegister register, ILogger<OlderDatabases> logger)
{
    /// <summary>Looks at every server that has some; one that cannot be asked is asked in the next round.</summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        foreach (var server in (await servers.ListAsync(cancellationToken)).Where(s => s.State is ServerStates.Active or ServerStates.Maintenance))
        {
            if ((await register.ListUnseenAsync(server.Id, cancellationToken)).Count == 0)
            {
                continue;
            }

            try
            {
                await using var session = await postgres.OpenMaintenanceAsync(server.Id, "bibind take over", cancellationToken);
                await session.TranslateErrorsAsync(MaintenanceSession.Database, async () =>
                {
                    await DatabaseAdoption.RunAsync(session, cancellationToken);
                    return Unit.Value;
                });
            }
            catch (ActivityFailureException away)
            {
                logger.DatabasesNotTakenOver(server.Code, away.Message);
            }
        }
    }
}
