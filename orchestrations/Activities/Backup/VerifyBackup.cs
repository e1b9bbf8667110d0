using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup;

/// <summary>Tries a backup out: restores it into a database that is always dropped again, and counts what is in it.</summary>
public sealed class VerifyBackup(
    PostgresConnector postgres, BackupFiles files, BackupRestore restore, FileStoreTrial fileStores, TimeProvider time, ILogger<VerifyBackup> logger)
    : TaskActivity<VerifyRequest, BackupReceipt>
{
    /// <inheritdoc/>
    public override async Task<BackupReceipt> RunAsync(TaskActivityContext context, VerifyRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        var trial = ScratchDatabase.ForTrial(request.Place.ServerId, request.Backup);
        var scratch = trial.Name;
        await using var session = await postgres.OpenMaintenanceAsync(request.Place.ServerId, $"bibind verify {request.Place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(scratch, async () =>
        {
            var manifest = await files.ReadManifestAsync(request.Backup, cancellationToken);
            BackupRestore.RefuseOlderServer(manifest, session);
            await files.VerifyAsync(manifest, cancellationToken);
            var notes = await restore.RunAsync(session, request.Place, trial, manifest, cancellationToken);
            try
            {
                var receipt = (await CountAsync(session, DatabaseDescriptor.Of(request.Place, scratch), manifest, cancellationToken)) with { Notes = notes };
                logger.BackupVerified(receipt.BackupId, receipt.Tables, receipt.DumpBytes);
                return receipt;
            }
            finally
            {
                using var cleanup = LeaseFence.SuspendForCleanup();
                await LabelledDatabases.DropWorkAsync(session, trial.Holder, scratch, CancellationToken.None);
            }
        });
    }

    private async Task<BackupReceipt> CountAsync(MaintenanceSession session, DatabaseDescriptor scratch, BackupManifest manifest, CancellationToken cancellationToken)
    {
        await using var database = await postgres.OpenAsync(scratch, cancellationToken);
        return await database.TranslateErrorsAsync(async () => new BackupReceipt
        {
            BackupId = manifest.Id,
            VerifiedAt = time.GetUtcNow(),
            StoredSha256 = manifest.Sha256,
            DumpSha256 = manifest.DumpSha256 ?? manifest.Sha256,
            DumpBytes = manifest.DumpBytes ?? manifest.Bytes,
            Tables = await ScratchDatabase.CountTablesAsync(database, cancellationToken),
            Rows = await ScratchDatabase.CountRowsAsync(database, cancellationToken),
            PostgresMajor = session.MajorVersion,
            FileStore = await fileStores.ReadAsync(database, manifest, cancellationToken),
        });
    }
}
