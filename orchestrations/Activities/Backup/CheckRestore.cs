using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup;

/// <summary>
/// Looks for everything that would refuse a restore while the tenant still works: a database that is not ours, a backup that is
/// missing, damaged, too new for the server or for every program here. Nothing is changed.
/// </summary>
public sealed class CheckRestore(PostgresConnector postgres, BackupFiles files, FileStoreArchives archives, BackupRestore restore)
    : TaskActivity<RestoreRequest, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, RestoreRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        var target = LabelledDatabase.Of(request.Place);
        await using var session = await postgres.OpenMaintenanceAsync(request.Place.ServerId, $"bibind check {request.Place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.FindOursAsync(session, target, cancellationToken);
            var manifest = await files.ReadManifestAsync(request.Backup, cancellationToken);
            BackupRestore.RefuseOlderServer(manifest, session);
            await restore.CheckAsync(session, manifest, cancellationToken);
            await files.VerifyAsync(manifest, cancellationToken);
            await archives.VerifyAsync(manifest, cancellationToken);
            return Unit.Value;
        });
    }
}
