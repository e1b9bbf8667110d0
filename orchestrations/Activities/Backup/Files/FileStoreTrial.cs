using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Bibind.Activities.Backup.Files;

/// <summary>Reads the files of a backup that is tried out, and compares them with what its database names. Nothing is unpacked.</summary>
public sealed class FileStoreTrial(FileStoreArchives archives)
{
    private const int NamesShown = 5;

    private const string MissingSql = """
        create temp table bibind_missing as
          select store_fname as name from public.ir_attachment where store_fname is not null except select name from pg_temp.bibind_files
        """;

    /// <summary>What is in the file store; null for a backup without one.</summary>
    /// <param name="database">The restored database.</param>
    /// <param name="manifest">The backup.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="Encryption.BackupDamagedException">It is not what was stored.</exception>
    internal async Task<FileStoreReceipt?> ReadAsync(DatabaseSession database, BackupManifest manifest, CancellationToken cancellationToken)
    {
        if (manifest.FileStore is not { } part)
        {
            return null;
        }

        var connection = database.Connection;

        // The copy lasts as long as the files are read.
        await ExecuteAsync(connection, "set statement_timeout = 0", cancellationToken);
        await ExecuteAsync(connection, "create temp table bibind_files (name text)", cancellationToken);
        await using (var names = await connection.BeginBinaryImportAsync("copy pg_temp.bibind_files (name) from stdin (format binary)", cancellationToken))
        {
            await archives.ReadAsync(
                manifest,
                async (file, _) =>
                {
                    await names.StartRowAsync(cancellationToken);
                    await names.WriteAsync(file.Name, NpgsqlDbType.Text, cancellationToken);
                },
                cancellationToken);
            await names.CompleteAsync(cancellationToken);
        }

        await ExecuteAsync(connection, MissingSql, cancellationToken);
        return new FileStoreReceipt
        {
            StoredSha256 = part.Sha256,
            Files = part.Files,
            Bytes = part.FileBytes,
            Damaged = part.Damaged,
            Missing = await CountAsync(connection, cancellationToken),
            MissingNames = await NamesAsync(connection, cancellationToken),
        };
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select count(*) from pg_temp.bibind_missing", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select name from pg_temp.bibind_missing order by name limit $1", connection)
        {
            Parameters = { new() { Value = NamesShown } },
        };
        var names = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
