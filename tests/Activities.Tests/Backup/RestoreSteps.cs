using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;

namespace Bibind.Activities.Tests.Backup;

/// <summary>A backup and what is done with it, as the tests of restores do it.</summary>
internal static class RestoreSteps
{
    public const string Bucket = "bibind-backups";
    public static readonly CancellationToken None = CancellationToken.None;

    public static async Task<(TenantDescriptor Place, BackupRef Backup)> BackedUpAsync(World world)
    {
        var place = await world.CloneAsync();
        return (place, await TakeAsync(world, place));
    }

    public static async Task<BackupRef> TakeAsync(World world, TenantDescriptor place)
    {
        await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));
        return new BackupRef(place.TenantId, $"{place.JobId}-manual");
    }

    public static Task<RestoredDatabase> RestoreAsync(World world, TenantDescriptor place, BackupRef backup, bool replace = false) =>
        world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(new RestoreRequest(place, backup, replace));

    public static Task<BackupReceipt> VerifyAsync(World world, TenantDescriptor place, BackupRef backup) =>
        world.RunAsync<VerifyBackup, VerifyRequest, BackupReceipt>(new VerifyRequest(place, backup));

    public static async Task ChangeManifestAsync(World world, TenantDescriptor place, Func<BackupManifest, BackupManifest> change)
    {
        var row = world.Backups.Rows.Values.Single(r => r.TenantId == place.TenantId);
        await using var stored = (await world.Store.OpenReadAsync(Bucket, row.ManifestKey, None))!;
        var changed = change(await BackupManifest.ReadAsync(stored, None));
        await world.Store.PutAsync(Bucket, row.ManifestKey, new MemoryStream(changed.ToJson()), None);
        world.Backups.Rows[row.Id] = row with
        {
            Bytes = changed.Bytes,
            Sha256 = changed.Sha256,
            FilesBytes = changed.FileStore?.Bytes,
            FilesSha256 = changed.FileStore?.Sha256,
        };
    }

    /// <summary>Tables, columns, indexes, constraints, sequences' values and rows.</summary>
    public static async Task<string?> FingerprintAsync(World world, string database)
    {
        var shape = await world.AskAsync<string>(
            """
            select md5(string_agg(line, E'\n' order by line)) from (
              select format('%s.%s %s %s', table_name, column_name, data_type, column_default) from information_schema.columns where table_schema = 'public'
              union all select indexdef from pg_indexes where schemaname = 'public'
              union all select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
              union all select format('%s %s', sequencename, last_value) from pg_sequences
              union all select format('%s', extname) from pg_extension
              union all select format('%s %s', pg_encoding_to_char(encoding), datcollate) from pg_database where datname = current_database()) as shape(line)
            """,
            database);
        var rows = await world.AskAsync<string>(
            """
            select md5(string_agg(format('%s %s', table_name, md5(query_to_xml(format('select * from %I order by 1::text', table_name), true, false, '')::text)), ',' order by table_name))
            from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
            """,
            database);
        return shape + rows;
    }

    public static Task<string?> StateAsync(World world, string database) => world.AskAsync<string>(
        $"select format('%s %s %s', datdba::regrole, datistemplate, datallowconn) from pg_database where datname = '{database}'");

    public static async Task<string> ScratchesAsync(World world, TenantDescriptor place) => await world.AskAsync<string>(
        $"select string_agg(datname, ',') from pg_database where datname like 'bibind-%-{place.TenantId}-{place.Code}'") ?? string.Empty;

    public static async Task<string> TrialsAsync(World world, BackupRef backup) => await world.AskAsync<string>(
        $"select string_agg(datname, ',') from pg_database where datname like 'bibind-verify-{backup.TenantId}-%'") ?? string.Empty;
}
