using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;

namespace Bibind.Activities.Backup;

/// <summary>Brings a proved backup into a scratch database.</summary>
public sealed class BackupRestore(BackupFiles files, PgRestore program, PostgresConnector postgres, TenantRoleLifecycle roles)
{
    /// <summary>Says why a server cannot take a backup, before anything is read.</summary>
    /// <exception cref="PermanentFailureException">The backup is of a newer PostgreSQL.</exception>
    internal static void RefuseOlderServer(BackupManifest manifest, MaintenanceSession session)
    {
        if (manifest.PostgresMajor > session.MajorVersion)
        {
            throw new PermanentFailureException(
                $"The backup was taken of PostgreSQL {manifest.PostgresVersion}, and server '{session.Server.Code}' runs PostgreSQL {session.MajorVersion}: "
                + "a newer dump cannot be restored on an older server.");
        }
    }

    /// <summary>Makes the scratch database and fills it; on failure it is dropped again.</summary>
    internal async Task RunAsync(
        MaintenanceSession session, TenantPlace place, KnownDatabase wanted, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var scratch = wanted.Name;
        await roles.PutAsync(session, place, cancellationToken);
        var entry = await postgres.EnterAsync(DatabasePlace.Of(place, scratch), cancellationToken);
        await ScratchDatabase.CreateAsync(session, wanted, entry, manifest, cancellationToken);
        try
        {
            await using var dump = new HashingStream(await files.OpenDumpAsync(manifest, cancellationToken));
            await BackupFiles.InWordsAsync(() => program.RunAsync(entry, dump, cancellationToken));

            // pg_restore stops at the end of what it needs; what was proved before is proved of what it got.
            await dump.CopyToAsync(Stream.Null, cancellationToken);
            if (dump.Hash != (manifest.DumpSha256 ?? manifest.Sha256))
            {
                throw new Encryption.BackupDamagedException("it was replaced while it was restored");
            }

            await TenantRoleLifecycle.KeepAsync(postgres, place, scratch, cancellationToken);
        }
        catch
        {
            // Not with our caller's token: what failed because it was cancelled must be cleared away too.
            await MarkedDatabases.DropWorkAsync(session, wanted.Holder, scratch, CancellationToken.None);
            throw;
        }
    }
}
