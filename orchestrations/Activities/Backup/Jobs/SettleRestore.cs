using Bibind.Activities.Backup.Files;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>
/// Looks at what a restore that failed left: drops what is half done, lets people back into a database that was not
/// replaced, and says whether it was.
/// </summary>
public sealed class SettleRestore(PostgresConnector postgres, FileStoreRestore fileStores) : TaskActivity<RestoreRequest, RestoreSettled>
{
    /// <inheritdoc/>
    public override async Task<RestoreSettled> RunAsync(TaskActivityContext context, RestoreRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        var target = LabelledDatabase.Of(request.Place);
        await using var session = await postgres.OpenMaintenanceAsync(request.Place.ServerId, $"bibind restore {request.Place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var known = await LabelledDatabases.KnownAsync(session, target.Holder, cancellationToken);
            var there = await DatabaseCatalogue.LookAsync(session, target.Name, cancellationToken)
                ?? throw new PermanentFailureException($"The database '{target.Name}' is not there any more.");
            await RestoreLeftovers.DropAsync(session, request.Place, cancellationToken);
            var ours = known.Find(there.Oid);
            if (ours?.Restored == RestoreDatabase.RestoredBy(request))
            {
                return new RestoreSettled(Replaced: true);
            }

            await fileStores.DropAsync(request.Place, cancellationToken);
            if (ours is null || there.IsInvalid)
            {
                // A restore that was refused because the database is not the tenant's has touched nothing: all is as it was.
                return new RestoreSettled(Replaced: false);
            }

            // A restore that died between closing the database and replacing it left it closed.
            await session.ExecuteAsync($"alter database {SqlText.Identifier(target.Name)} allow_connections true", cancellationToken);
            return new RestoreSettled(Replaced: false);
        });
    }
}
