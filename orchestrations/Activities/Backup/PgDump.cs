using System.Diagnostics;
using Bibind.Activities.Processes;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Dumps databases with PostgreSQL's <c>pg_dump</c>.</summary>
public sealed class PgDump(IOptions<BackupOptions> options)
{
    private const string Program = "pg_dump";
    private const string DebianFolder = "/usr/lib/postgresql";

    /// <summary>Starts a dump in the custom format; its content comes while it is read.</summary>
    /// <exception cref="PermanentFailureException">There is no <c>pg_dump</c>.</exception>
    internal DumpStream Start(ServerConnection server, string database)
    {
        var start = StartInfo(Find(), "--format=custom", "--no-password");
        PostgresEnvironment.Apply(start.Environment, server, database);
        return new DumpStream(Run(start), database, server.DatabasePassword);
    }

    /// <summary>The program's version, such as <c>15.8</c>.</summary>
    /// <exception cref="PermanentFailureException">There is no <c>pg_dump</c>.</exception>
    public async Task<string> GetVersionAsync(CancellationToken cancellationToken)
    {
        using var process = Run(StartInfo(Find(), "--version"));
        // "pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"
        var words = (await process.StandardOutput.ReadToEndAsync(cancellationToken)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(cancellationToken);
        return words.Length > 2 ? words[2].Trim() : "unknown";
    }

    private string Find()
    {
        if (options.Value.PgDump is { Length: > 0 } setting)
        {
            return ExternalProgram.Find(setting)
                ?? throw new PermanentFailureException($"There is no pg_dump at '{setting}', which Backups__PgDump names.");
        }

        // Debian's own before the PATH, where a wrapper stands that takes longer to start than a small dump.
        return NewestOfDebian() ?? ExternalProgram.Find(Program)
            ?? throw new PermanentFailureException("There is no pg_dump on this machine: install PostgreSQL's client programs or name it in Backups__PgDump.");
    }

    private static string? NewestOfDebian() =>
        Directory.Exists(DebianFolder)
            ? Directory.EnumerateDirectories(DebianFolder)
                .Select(folder => (Folder: folder, Version: int.TryParse(Path.GetFileName(folder), out var v) ? v : 0))
                .OrderByDescending(f => f.Version)
                .Select(f => Path.Combine(f.Folder, "bin", Program))
                .FirstOrDefault(File.Exists)
            : null;

    private static ProcessStartInfo StartInfo(string program, params string[] arguments) => new(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        CreateNoWindow = true,
    };

    private static Process Run(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception refused)
        {
            throw new PermanentFailureException($"'{start.FileName}' cannot be run: {refused.Message} (Backups__PgDump).");
        }
    }
}
