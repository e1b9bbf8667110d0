using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>
/// Drops what trials left that died and were not taken up again. Only names that a trial of ours would have made are looked
/// for, since another installation may share the server.
/// </summary>
public sealed class SweepTrials(PostgresConnector postgres, ServerStore servers, TrialLog trials, ILogger<SweepTrials> logger) : TaskActivity<Unit, int>
{
    private const string ListSql = @"select datname::text from pg_database where datname like 'bibind-verify-%'";

    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var cancellationToken = context.CancellationToken;
        var ended = (await trials.ListEndedAsync(cancellationToken)).GroupBy(ScratchDatabase.NameForTrial).ToDictionary(g => g.Key, g => g.First());
        if (ended.Count == 0)
        {
            return 0;
        }

        var dropped = 0;
        foreach (var server in (await servers.ListAsync(cancellationToken)).Where(s => s.State is ServerStates.Active or ServerStates.Maintenance))
        {
            dropped += await SweepAsync(server, ended, cancellationToken);
        }

        return dropped;
    }

    private async Task<int> SweepAsync(Server server, Dictionary<string, BackupRef> ended, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await postgres.OpenMaintenanceAsync(server.Id, "bibind sweep trials", cancellationToken);
            return await session.TranslateErrorsAsync("bibind-verify", async () =>
            {
                var dropped = 0;
                foreach (var name in await session.QueryAsync(ListSql, row => row.GetString(0), cancellationToken))
                {
                    // Asked again: a new trial of the same backup may have begun.
                    if (ended.TryGetValue(name, out var backup) && await trials.IsEndedAsync(backup, cancellationToken))
                    {
                        if (await LabelledDatabases.DropWorkAsync(session, DatabaseHolder.Tenant(backup.TenantId), name, cancellationToken))
                        {
                            logger.TrialSwept(name, server.Code);
                            dropped++;
                        }
                    }
                }

                return dropped;
            });
        }
        catch (ActivityFailureException away)
        {
            // The other servers are looked at all the same.
            logger.TrialsNotSwept(server.Code, away.Message);
            return 0;
        }
    }
}
