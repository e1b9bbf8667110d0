using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Needs;
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
    /// <returns>What does not come back, in words.</returns>
    internal async Task<IReadOnlyList<string>> RunAsync(
        MaintenanceSession session, TenantDescriptor place, KnownDatabase wanted, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var scratch = wanted.Name;
        await roles.PutAsync(session, place, cancellationToken);
        var entry = await postgres.EnterAsync(DatabaseDescriptor.Of(place, scratch), cancellationToken);
        await ScratchDatabase.CreateAsync(session, wanted, entry, manifest, cancellationToken);
        try
        {
            var selection = await SelectAsync(session, manifest, cancellationToken);
            await using var dump = new HashingStream(await files.OpenDumpAsync(manifest, cancellationToken));
            await BackupFiles.TranslateErrorsAsync(() => program.RunAsync(entry, dump, selection?.Lines, cancellationToken));

            // pg_restore stops at the end of what it needs; what was proved before is proved of what it got.
            await dump.CopyToAsync(Stream.Null, cancellationToken);
            if (dump.Hash != (manifest.DumpSha256 ?? manifest.Sha256))
            {
                throw new Encryption.BackupDamagedException("it was replaced while it was restored");
            }

            await TenantRoleLifecycle.KeepAsync(postgres, place, scratch, cancellationToken);
            return [.. NotesOn(manifest, selection), .. await FillViewsAsync(entry, place, selection, cancellationToken)];
        }
        catch
        {
            // Not with our caller's token: what failed because it was cancelled must be cleared away too.
            using var cleanup = LeaseFence.SuspendForCleanup();
            await LabelledDatabases.DropWorkAsync(session, wanted.Holder, scratch, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Says whether there is a program here that can read the dump.</summary>
    /// <exception cref="PermanentFailureException">There is none.</exception>
    internal async Task CheckAsync(MaintenanceSession session, BackupManifest manifest, CancellationToken cancellationToken)
    {
        await using var dump = await files.OpenDumpAsync(manifest, cancellationToken);
        await BackupFiles.TranslateErrorsAsync(() => program.CheckAsync(dump, session.MajorVersion, cancellationToken));
    }

    /// <summary>What of a dump is restored here; null for all of it.</summary>
    private async Task<DumpSelection?> SelectAsync(MaintenanceSession session, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var extensions = (await session.QueryAsync(NeedsSql.RestorableExtensions, row => row.GetString(0), cancellationToken)).ToHashSet(StringComparer.Ordinal);
        if (manifest.Needs is { LeftOut.Count: 0, HasMaterializedViews: false } needs && needs.Extensions.All(e => extensions.Contains(e.Name)))
        {
            return null;
        }

        await using var dump = await files.OpenDumpAsync(manifest, cancellationToken);
        IReadOnlyList<string> lines = [];
        await BackupFiles.TranslateErrorsAsync(async () => lines = await program.ListAsync(dump, session.MajorVersion, cancellationToken));
        return DumpList.Select(lines, manifest.Needs?.LeftOut ?? [], extensions);
    }

    private static IReadOnlyList<string> NotesOn(BackupManifest manifest, DumpSelection? selection)
    {
        var leftOut = (manifest.Needs?.LeftOut ?? []).Select(o => o.What).Concat(selection?.LeftOut ?? []).ToList();
        return leftOut.Count == 0 ? [] : [RestoreNeeds.LeftOutNote(leftOut)];
    }

    private async Task<IReadOnlyList<string>> FillViewsAsync(
        DatabaseEntry entry, TenantDescriptor place, DumpSelection? selection, CancellationToken cancellationToken)
    {
        if (selection is not { Views.Count: > 0 })
        {
            return [];
        }

        await using var database = await postgres.OpenAsync(DatabaseDescriptor.Of(place, entry.Database), cancellationToken);
        return await database.TranslateErrorsAsync(() => RestoredContent.FillViewsAsync(database, selection.Views, cancellationToken));
    }
}
