using Bibind.Activities.Database;
using Bibind.Activities.Processes;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Dumps databases with PostgreSQL's <c>pg_dump</c>.</summary>
public sealed class PgDump(IOptions<BackupOptions> options)
{
    private const string Setting = "Backups__PgDump";

    /// <summary>Starts a dump in the custom format, not compressed; its content comes while it is read.</summary>
    /// <exception cref="PermanentFailureException">There is no <c>pg_dump</c>.</exception>
    internal DumpStream Start(DatabaseEntry entry)
    {
        var start = PostgresPrograms.StartInfo(Find(), "--format=custom", "--compress=0", "--no-password");
        PostgresEnvironment.Apply(start.Environment, entry, SessionSettings.Programs(entry.MajorVersion));
        var process = PostgresPrograms.Run(start, Setting);
        process.StandardInput.Close();
        return new DumpStream(process, entry.Database, entry.Login.Password);
    }

    /// <summary>The program's version, such as <c>15.8</c>.</summary>
    /// <exception cref="PermanentFailureException">There is no <c>pg_dump</c>.</exception>
    public async Task<string> GetVersionAsync(CancellationToken cancellationToken)
    {
        using var process = PostgresPrograms.Run(PostgresPrograms.StartInfo(Find(), "--version"), Setting);
        // "pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"
        var words = (await process.StandardOutput.ReadToEndAsync(cancellationToken)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(cancellationToken);
        return words.Length > 2 ? words[2].Trim() : "unknown";
    }

    private string Find() => PostgresPrograms.Find("pg_dump", options.Value.PgDump, Setting);
}
