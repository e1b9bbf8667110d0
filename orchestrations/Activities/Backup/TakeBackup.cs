using Bibind.Activities.Database;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Backup;

/// <summary>Dumps the tenant's database into the object store, with a manifest, and records it.</summary>
public sealed class TakeBackup(
    PostgresConnector postgres,
    PgDump dumper,
    IObjectStore store,
    IBackupCatalogue catalogue,
    IOptions<BackupOptions> options,
    TimeProvider time,
    ILogger<TakeBackup> logger) : TaskActivity<BackupRequest, BackupTaken>
{
    private const string VersionsSql = """
        select current_setting('server_version'), (select latest_version from ir_module_module where name = 'base')
        """;

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
        var manifest = await FindStoredAsync(request, cancellationToken) ?? await StoreAsync(request, cancellationToken);
        await catalogue.RecordAsync(
            new BackupRecord(
                manifest.Id, manifest.TenantId, manifest.Kind, manifest.Key, BackupKeys.Manifest(request), manifest.Bytes, manifest.Sha256,
                manifest.CreatedAt),
            cancellationToken);
        return new BackupTaken(manifest.Key, manifest.Bytes, manifest.Sha256);
    }

    /// <summary>The backup that an earlier attempt finished; the store knows, whatever the catalogue says.</summary>
    private async Task<BackupManifest?> FindStoredAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        await using var stored = await store.OpenReadAsync(Bucket, BackupKeys.Manifest(request), cancellationToken);
        if (stored is null)
        {
            return null;
        }

        var manifest = await BackupManifest.ReadAsync(stored, cancellationToken);
        var dump = await store.HeadAsync(Bucket, manifest.Key, cancellationToken);
        return dump?.Bytes == manifest.Bytes ? manifest : null;
    }

    private async Task<BackupManifest> StoreAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        var place = request.Place;
        var createdAt = time.GetUtcNow();
        var (server, postgresVersion, applicationVersion) = await ReadVersionsAsync(place, cancellationToken);
        var dumpVersion = await dumper.GetVersionAsync(cancellationToken);

        await store.CreateBucketAsync(Bucket, cancellationToken);
        var key = BackupKeys.Dump(request);
        try
        {
            long bytes;
            string sha256;
            await using (var dump = dumper.Start(server, place.Database))
            {
                bytes = await store.PutAsync(Bucket, key, dump, cancellationToken);
                sha256 = dump.Sha256;
            }

            var manifest = new BackupManifest
            {
                Id = BackupKeys.Id(request),
                TenantId = place.TenantId,
                Code = place.Code,
                Kind = request.Kind,
                CreatedAt = createdAt,
                Database = place.Database,
                Key = key,
                Bytes = bytes,
                Sha256 = sha256,
                PostgresVersion = postgresVersion,
                PgDumpVersion = dumpVersion,
                ApplicationVersion = applicationVersion,
                TemplateCode = place.TemplateCode,
                TemplateVersion = place.TemplateVersion,
            };
            using var json = new MemoryStream(manifest.ToJson());
            await store.PutAsync(Bucket, BackupKeys.Manifest(request), json, cancellationToken);
            logger.BackupTaken(place.Database, key, bytes);
            return manifest;
        }
        catch
        {
            // Not with our caller's token: what failed because it was cancelled must be cleared away too.
            await store.DeleteAllAsync(Bucket, BackupKeys.Prefix(request), CancellationToken.None);
            throw;
        }
    }

    private async Task<(ControlPlane.Servers.ServerConnection Server, string Postgres, string? Application)> ReadVersionsAsync(
        TenantPlace place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(place.ServerId, place.Database, cancellationToken);
        return await session.InWordsAsync(async () =>
        {
            await using var command = new NpgsqlCommand(VersionsSql, session.Connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return (session.Server, reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1));
        });
    }
}
