using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Backup.Needs;
using Bibind.Activities.Database;
using Bibind.Activities.Storage;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Backup;

/// <summary>Dumps the tenant's database into the object store, and its files after it, compressed and encrypted, with a manifest, and records it.</summary>
public sealed class TakeBackup(
    PostgresConnector postgres,
    SuspendedDatabases suspended,
    PgDump dumper,
    FileStoreBackup files,
    IObjectStore store,
    IBackupCatalogue catalogue,
    BackupDataKeys keys,
    IOptions<BackupOptions> options,
    TimeProvider time,
    ILogger<TakeBackup> logger) : TaskActivity<BackupRequest, BackupTaken>
{
    private const string SourceSql = """
        select current_setting('server_version'), (select latest_version from ir_module_module where name = 'base'),
               pg_encoding_to_char(encoding), datcollate, datctype,
               case to_jsonb(d)->>'datlocprovider' when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' end,
               coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), to_jsonb(d)->>'daticurules'
        from pg_database d where datname = current_database()
        """;

    // Each attempt stores three objects, and an activity is tried a handful of times.
    private const int ListedAtMost = 1000;

    private string Bucket => options.Value.Bucket;

    /// <inheritdoc/>
    public override async Task<BackupTaken> RunAsync(TaskActivityContext context, BackupRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        if (!options.Value.Enabled)
        {
            logger.BackupsDisabled(request.Place.Database);
            return new BackupTaken(string.Empty, 0, string.Empty);
        }

        var cancellationToken = context.CancellationToken;
        var recorded = (await catalogue.ListAsync(request.Place.TenantId, cancellationToken)).FirstOrDefault(b => b.Id == BackupKeys.Id(request));
        if (!await catalogue.IsWantedAsync(request.Place.TenantId, request.Kind, cancellationToken))
        {
            if (recorded is null)
            {
                // What an earlier attempt stored is on no list, and nobody would ever delete it.
                await store.DeleteAllAsync(Bucket, BackupKeys.Prefix(request), cancellationToken);
            }

            throw new PermanentFailureException($"Tenant '{request.Place.Code}' has ended or is being removed: no {request.Kind} backup of it is taken any more.");
        }

        await RequireOursAsync(request.Place, cancellationToken);
        if (recorded is null || await FindWholeAsync(recorded.ManifestKey, cancellationToken) is null)
        {
            recorded = await RecordAsync(request, insteadOf: recorded?.Key, cancellationToken);
        }

        return new BackupTaken(recorded.Key, recorded.Bytes, recorded.Sha256) { Notes = recorded.Notes };
    }

    // What stands in the place of the tenant's database may be somebody else's, and holds nothing of his.
    private async Task RequireOursAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind back up {place.Code}", cancellationToken);
        await session.TranslateErrorsAsync(target.Name, () => LabelledDatabases.RequireOursAsync(session, target, "backed up", cancellationToken));
    }

    private async Task<BackupRecord> RecordAsync(BackupRequest request, string? insteadOf, CancellationToken cancellationToken)
    {
        await store.CreateBucketAsync(Bucket, cancellationToken);
        var (folder, manifest) = await FindStoredAsync(request, cancellationToken) ?? await StoreAsync(request, cancellationToken);
        await LeaseFence.EnsureHeldAsync();
        var recorded = await RecordAsync(
            folder,
            new BackupRecord(
                manifest.Id, manifest.TenantId, manifest.Kind, manifest.Key, folder.Manifest, manifest.Bytes, manifest.Sha256,
                manifest.CreatedAt, manifest.FileStore?.Bytes, manifest.FileStore?.Sha256)
            {
                Notes = manifest.Notes(),
            },
            insteadOf,
            cancellationToken);
        await DeleteOthersAsync(request, recorded, cancellationToken);
        return recorded;
    }

    // The tenant may have been removed while it was stored: then it is on no list, and goes at once.
    private async Task<BackupRecord> RecordAsync(BackupFolder folder, BackupRecord backup, string? insteadOf, CancellationToken cancellationToken)
    {
        try
        {
            return await catalogue.RecordAsync(backup, insteadOf, cancellationToken);
        }
        catch (PermanentFailureException)
        {
            await store.DeleteAllAsync(Bucket, folder.Prefix, CancellationToken.None);
            throw;
        }
    }

    /// <summary>What an earlier attempt stored whole, and died before it could say so.</summary>
    private async Task<(BackupFolder Folder, BackupManifest Manifest)?> FindStoredAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        foreach (var key in await ListAsync(request, cancellationToken))
        {
            if (BackupKeys.IsManifest(key) && await FindWholeAsync(key, cancellationToken) is { } manifest)
            {
                return (new BackupFolder(key[..(key.LastIndexOf('/') + 1)]), manifest);
            }
        }

        return null;
    }

    // Attempts that died, or that another was faster than.
    private async Task DeleteOthersAsync(BackupRequest request, BackupRecord recorded, CancellationToken cancellationToken)
    {
        var kept = recorded.Key[..(recorded.Key.LastIndexOf('/') + 1)];
        foreach (var key in await ListAsync(request, cancellationToken))
        {
            if (!key.StartsWith(kept, StringComparison.Ordinal))
            {
                await store.DeleteAsync(Bucket, key, cancellationToken);
            }
        }
    }

    private async Task<IReadOnlyList<string>> ListAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        var page = await store.ListAsync(Bucket, BackupKeys.Prefix(request), null, ListedAtMost, cancellationToken);
        return [.. page.Objects.Select(o => o.Key)];
    }

    /// <summary>The manifest, if it and everything it names is there.</summary>
    private async Task<BackupManifest?> FindWholeAsync(string manifestKey, CancellationToken cancellationToken)
    {
        await using var stored = await store.OpenReadAsync(Bucket, manifestKey, cancellationToken);
        if (stored is null)
        {
            return null;
        }

        var manifest = await BackupManifest.ReadAsync(stored, cancellationToken);
        return await IsThereAsync(manifest.Key, manifest.Bytes, cancellationToken)
            && (manifest.FileStore is not { } part || await IsThereAsync(part.Key, part.Bytes, cancellationToken)) ? manifest : null;
    }

    private async Task<bool> IsThereAsync(string key, long bytes, CancellationToken cancellationToken) =>
        (await store.HeadAsync(Bucket, key, cancellationToken))?.Bytes == bytes;

    private async Task<(BackupFolder Folder, BackupManifest Manifest)> StoreAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        var place = request.Place;
        var createdAt = time.GetUtcNow();
        await using var entry = await suspended.EnterAsync(place, cancellationToken);
        var source = await ReadSourceAsync(place, cancellationToken);
        var program = await dumper.ChooseAsync(source.Needs.ServerMajor, cancellationToken);

        var folder = BackupKeys.NewAttempt(request);
        try
        {
            var dataKey = await keys.GetAsync(place.TenantId, cancellationToken);
            await using var held = await files.HoldAsync(place, cancellationToken);
            await using var packed = new PackingStream(
                PgDump.Start(program, source.Entry), dataKey, BackupManifest.BindingOf(place.TenantId, BackupKeys.Id(request)));
            var bytes = await store.PutAsync(Bucket, folder.Dump, packed, cancellationToken);
            var fileStore = await files.StoreAsync(request, folder, dataKey, held, cancellationToken);
            var manifest = new BackupManifest
            {
                FormatVersion = fileStore is null ? BackupManifest.EncryptedFormat : BackupManifest.FormatWithFiles,
                Id = BackupKeys.Id(request),
                TenantId = place.TenantId,
                Code = place.Code,
                Kind = request.Kind,
                CreatedAt = createdAt,
                Database = place.Database,
                Key = folder.Dump,
                Bytes = bytes,
                Sha256 = packed.PackedSha256,
                DumpBytes = packed.DumpBytes,
                DumpSha256 = packed.DumpSha256,
                Compression = "brotli",
                Encryption = "aes-256-gcm, frames of 1 MiB",
                PostgresVersion = source.PostgresVersion,
                PgDumpVersion = program.Version,
                Encoding = source.Encoding,
                Collation = source.Collation,
                CharacterType = source.CharacterType,
                LocaleProvider = source.LocaleProvider,
                Locale = source.Locale,
                IcuRules = source.IcuRules,
                Needs = source.Needs,
                ApplicationVersion = source.ApplicationVersion,
                TemplateCode = place.TemplateCode,
                TemplateVersion = place.TemplateVersion,
                FileStore = fileStore,
            };
            using var json = new MemoryStream(manifest.ToJson());
            await store.PutAsync(Bucket, folder.Manifest, json, cancellationToken);
            logger.BackupTaken(place.Database, folder.Dump, bytes);
            return (folder, manifest);
        }
        catch
        {
            // Not with our caller's token: what failed because it was cancelled must be cleared away too.
            await store.DeleteAllAsync(Bucket, folder.Prefix, CancellationToken.None);
            throw;
        }
    }

    private async Task<Source> ReadSourceAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.TranslateErrorsAsync(async () =>
        {
            var needs = await NeedsInspection.InspectAsync(session, place.Database, cancellationToken);
            await using var command = new NpgsqlCommand(SourceSql, session.Connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new Source(
                session.Entry, reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4))
            {
                LocaleProvider = TextOf(reader, 5),
                Locale = TextOf(reader, 6),
                IcuRules = TextOf(reader, 7),
                Needs = needs,
            };
        });
    }

    private static string? TextOf(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private sealed record Source(
        DatabaseEntry Entry, string PostgresVersion, string? ApplicationVersion, string Encoding, string Collation, string CharacterType)
    {
        public string? LocaleProvider { get; init; }

        public string? Locale { get; init; }

        public string? IcuRules { get; init; }

        public required RestoreNeeds Needs { get; init; }
    }
}
