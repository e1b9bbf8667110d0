using System.Data;
using System.Globalization;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Processes;
using Bibind.ControlPlane.Recovery;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Recovery;

/// <summary>
/// Backs the control database up and restores it, with PostgreSQL's own programs: one file in the custom format, of one moment. It holds the task
/// hub too; stored secrets are in it as they are stored, so that it is worth nothing without the master key.
/// </summary>
/// <param name="connectionString">The control database, entered by its owner.</param>
public sealed class ControlDump(string connectionString, IOptions<BackupOptions> options, TimeProvider time)
{
    private const UnixFileMode OnlyOurs = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly NpgsqlConnectionStringBuilder _connection = new(connectionString);

    /// <summary>Writes a backup into a new file, reads its table of contents, and records it.</summary>
    /// <param name="file">The file; it appears when it is complete.</param>
    /// <param name="version">The version of this program.</param>
    /// <param name="cancellationToken">Ends the programs.</param>
    /// <returns>Its size in bytes.</returns>
    /// <exception cref="PermanentFailureException">The file is there, a program is missing, or PostgreSQL refuses.</exception>
    public async Task<long> BackUpAsync(string file, string version, CancellationToken cancellationToken)
    {
        if (Path.Exists(file))
        {
            throw new PermanentFailureException($"'{file}' is there already; a backup is never written over.");
        }

        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var program = await ChooseAsync("pg_dump", options.Value.PgDump, "Backups__PgDump", connection, cancellationToken);
        var reader = await ChooseAsync("pg_restore", options.Value.PgRestore, "Backups__PgRestore", connection, cancellationToken);

        // Recorded before: so the backup itself says of which moment it is.
        var id = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "insert into control.control_backups (began_at, file, version) values (@Now, @file, @version) returning id",
            new { Now = time.GetUtcNow().UtcDateTime, file = Path.GetFullPath(file), version }, cancellationToken: cancellationToken));
        var part = file + ".part";
        try
        {
            await File.Create(part).DisposeAsync();
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(part, OnlyOurs);
            }

            await RunAsync(program, ["--format=custom", "--no-password", "--lock-wait-timeout=2min", "--schema=control", "--schema=durable", $"--file={part}"], cancellationToken);
            await RunAsync(reader, ["--list", "--file=/dev/null", part], cancellationToken);
            Flush(part);
            File.Move(part, file, overwrite: false);
        }
        catch (Exception)
        {
            File.Delete(part);
            await connection.ExecuteAsync("delete from control.control_backups where id = @id", new { id });
            throw;
        }

        var bytes = new FileInfo(file).Length;
        await connection.ExecuteAsync(new CommandDefinition(
            "update control.control_backups set completed_at = @Now, bytes = @bytes where id = @id",
            new { Now = time.GetUtcNow().UtcDateTime, bytes, id }, cancellationToken: cancellationToken));
        return bytes;
    }

    /// <summary>Restores a backup into an empty database, whole or not at all, and lets it take the place of the original.</summary>
    /// <returns>Of when the restored state is.</returns>
    /// <exception cref="PermanentFailureException">A program is missing, or PostgreSQL refuses.</exception>
    /// <exception cref="InvalidOperationException">The database is not empty.</exception>
    /// <exception cref="UnfinishedRestoreException">A restore was interrupted here after it had restored its backup.</exception>
    public async Task<DateTimeOffset> RestoreAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new PermanentFailureException($"There is no file '{file}'.");
        }

        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var program = await ChooseAsync("pg_restore", options.Value.PgRestore, "Backups__PgRestore", connection, cancellationToken);
        var home = new InstallationHome(database, time);
        await home.BeginRestoreAsync(cancellationToken);
        await RunAsync(
            program, ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--no-password", $"--dbname={_connection.Database}", file], cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("analyze", commandTimeout: 0, commandType: CommandType.Text, cancellationToken: cancellationToken));
        return await home.TakeOverAsync(cancellationToken);
    }

    // Of the server's own major version: an older one does not read it, and a newer one sets what the server does not know.
    private static async Task<PostgresProgram> ChooseAsync(
        string name, string? setting, string settingName, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var all = await PostgresPrograms.FindAllAsync(name, setting, settingName, cancellationToken);
        var major = connection.PostgreSqlVersion.Major;
        return all.FirstOrDefault(p => p.Major == major) ?? all.FirstOrDefault(p => p.Major is null)
            ?? throw new PermanentFailureException(
                $"The control database's server is PostgreSQL {major}, and no {name} of that version is here; found: {PostgresPrograms.Describe(all)}. "
                + $"Install postgresql-client-{major} or name it in {settingName}.");
    }

    private static void Flush(string file)
    {
        using var written = new FileStream(file, FileMode.Open, FileAccess.Write);
        written.Flush(flushToDisk: true);
    }

    private async Task RunAsync(PostgresProgram program, string[] arguments, CancellationToken cancellationToken)
    {
        var start = PostgresPrograms.StartInfo(program.Path, arguments);
        PostgresEnvironment.RemoveInherited(start.Environment);
        foreach (var (name, value) in Environment())
        {
            start.Environment[name] = value;
        }

        using var process = PostgresPrograms.Run(start, program.Path);
        process.StandardInput.Close();
        var tail = new OutputTail(_connection.Password ?? string.Empty);
        var reading = Task.WhenAll(tail.ReadAsync(process.StandardError, CancellationToken.None), tail.ReadAsync(process.StandardOutput, CancellationToken.None));
        await PostgresPrograms.WatchAsync(process, reading, () => Task.CompletedTask, cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new PermanentFailureException($"{Path.GetFileName(program.Path)} ended with exit code {process.ExitCode}: {tail}");
        }
    }

    // Never by arguments, which everyone on the machine can read.
    private Dictionary<string, string?> Environment() => new()
    {
        ["PGHOST"] = _connection.Host,
        ["PGPORT"] = _connection.Port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = _connection.Username,
        ["PGPASSWORD"] = _connection.Password,
        ["PGDATABASE"] = _connection.Database,
        ["PGPASSFILE"] = _connection.Passfile,
        ["PGAPPNAME"] = "bibind-control-backup",
        ["PGCONNECT_TIMEOUT"] = "10",
        ["PGSSLMODE"] = _connection.SslMode switch
        {
            SslMode.VerifyFull => "verify-full",
            SslMode.VerifyCA => "verify-ca",
            var mode => mode.ToString().ToLowerInvariant(),
        },
        ["PGSSLROOTCERT"] = _connection.RootCertificate,
        ["PGSSLCERT"] = _connection.SslCertificate,
        ["PGSSLKEY"] = _connection.SslKey,
    };
}
