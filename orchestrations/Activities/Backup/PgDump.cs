using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Activities.Processes;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Dumps databases with PostgreSQL's <c>pg_dump</c>.</summary>
public sealed class PgDump(IOptions<BackupOptions> options)
{
    private const string Setting = "Backups__PgDump";

    /// <summary>The program for a server: of its own major version, else of the next newer one, whose dumps most machines can restore.</summary>
    /// <exception cref="PermanentFailureException">There is no <c>pg_dump</c>, or none that is new enough.</exception>
    internal async Task<PostgresProgram> ChooseAsync(int serverMajor, CancellationToken cancellationToken)
    {
        var all = await PostgresPrograms.FindAllAsync("pg_dump", options.Value.PgDump, Setting, cancellationToken);
        return all.Where(p => p.Major is not { } major || major >= serverMajor).MinBy(p => p.Major ?? int.MaxValue)
            ?? throw new PermanentFailureException(
                $"No pg_dump here is new enough for a server of PostgreSQL {serverMajor}; found: {PostgresPrograms.Describe(all)}. "
                + $"Install PostgreSQL's client programs {serverMajor} (Debian: postgresql-client-{serverMajor}) or name them in {Setting}.");
    }

    /// <summary>Starts a dump in the custom format, not compressed; its content comes while it is read.</summary>
    /// <exception cref="PermanentFailureException">The program cannot be run.</exception>
    internal static DumpStream Start(PostgresProgram program, DatabaseEntry entry)
    {
        // A tenant could hold a lock on a table of his for ever, and pg_dump sets its own limit to none.
        var start = PostgresPrograms.StartInfo(program.Path, "--format=custom", "--compress=0", "--no-password", "--lock-wait-timeout=2min");
        PostgresEnvironment.Apply(start.Environment, entry, SessionSettings.Programs(entry.MajorVersion));
        var process = PostgresPrograms.Run(start, Setting);
        process.StandardInput.Close();
        return new DumpStream(process, entry.Database, entry.Login.Password);
    }
}
