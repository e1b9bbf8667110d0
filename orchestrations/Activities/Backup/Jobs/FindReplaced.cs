using Bibind.Activities.Backup.Files;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Looks which of a failed restore's backups has the tenant's name; where none has, what is half done is dropped and people are let in again.</summary>
public sealed class FindReplaced(PostgresConnector postgres, FileStoreRestore fileStores) : TaskActivity<FailedRestore, FailedRestoreFound>
{
    /// <inheritdoc/>
    public override async Task<FailedRestoreFound> RunAsync(TaskActivityContext context, FailedRestore failed)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(failed);
        var cancellationToken = context.CancellationToken;
        var place = failed.Place;
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind restore {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var there = await LabelledDatabases.FindOursAsync(session, target, cancellationToken)
                ?? throw new PermanentFailureException($"The database '{target.Name}' is not there any more.");
            var found = new[] { failed.BackupId, failed.SafetyBackupId }.FirstOrDefault(
                id => there.Known?.Restored == RestoreDatabase.RestoredBy(new RestoreRequest(place, new BackupRef(place.TenantId, id), Replace: true)));
            if (found is null)
            {
                await RestoreLeftovers.DropAsync(session, place, cancellationToken);
                await fileStores.DropAsync(place, cancellationToken);
                await session.ExecuteAsync($"alter database {SqlText.Identifier(target.Name)} allow_connections true", cancellationToken);
            }

            return new FailedRestoreFound(found);
        });
    }
}
