using System.Diagnostics;
using Bibind.Activities.Database;
using Bibind.Activities.Processes;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Restores dumps with PostgreSQL's <c>pg_restore</c>.</summary>
public sealed class PgRestore(IOptions<BackupOptions> options)
{
    private const string Setting = "Backups__PgRestore";
    private const int CopyBytes = 128 * 1024;

    /// <summary>Restores a dump into an empty database; everything in it will belong to who enters it.</summary>
    /// <exception cref="PermanentFailureException">The dump is too new for the program, or there is no program.</exception>
    /// <exception cref="TransientFailureException">It failed; says what the program said.</exception>
    public async Task RunAsync(DatabaseEntry entry, Stream dump, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(dump);
        var program = PostgresPrograms.Find("pg_restore", options.Value.PgRestore, Setting);
        var start = PostgresPrograms.StartInfo(
            program, "--format=custom", "--no-owner", "--no-privileges", "--exit-on-error", "--no-password", $"--dbname={entry.Database}");
        PostgresEnvironment.Apply(start.Environment, entry, SessionSettings.Programs(entry.MajorVersion));
        using var process = PostgresPrograms.Run(start, Setting);
        var tail = new OutputTail(entry.Login.Password);
        var reading = Task.WhenAll(
            tail.ReadAsync(process.StandardError, CancellationToken.None), tail.ReadAsync(process.StandardOutput, CancellationToken.None));
        try
        {
            await FeedAsync(process, dump, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            await reading;
            if (process.ExitCode != 0)
            {
                throw InWords(process.ExitCode, entry.Database, tail.ToString());
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }

            await reading;
        }
    }

    private static async Task FeedAsync(Process process, Stream dump, CancellationToken cancellationToken)
    {
        var buffer = new byte[CopyBytes];
        await using var input = process.StandardInput.BaseStream;
        while (await dump.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            try
            {
                await input.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            catch (IOException)
            {
                // It has stopped reading: its exit code and its words say why. The rest is read all the same, for its checksum.
                await dump.CopyToAsync(Stream.Null, CopyBytes, cancellationToken);
                return;
            }
        }
    }

    private static Exception InWords(int exitCode, string database, string said) =>
        said.Contains("unsupported version", StringComparison.Ordinal)
            ? new PermanentFailureException($"pg_restore is older than the pg_dump that made the backup: name a newer one in {Setting}. It said: {said}")
            : new TransientFailureException($"pg_restore into '{database}' failed with exit code {exitCode}: {said}");
}
