using System.Diagnostics;
using System.Text;
using Bibind.Activities.Backup.Archives;
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
    private static readonly string[] StopAtOnce = ["--exit-on-error"];

    /// <summary>Finds a program for a dump and a server; the dump's first bytes are read.</summary>
    /// <exception cref="PermanentFailureException">The dump is too new for every program here, or there is no program.</exception>
    internal async Task CheckAsync(Stream dump, int serverMajor, CancellationToken cancellationToken) =>
        await ChooseAsync(await DumpHeader.ReadAsync(dump, cancellationToken), serverMajor, cancellationToken);

    /// <summary>What is in a dump, as <c>pg_restore --list</c> says it: a line each, in the order in which it is restored.</summary>
    /// <exception cref="PermanentFailureException">The dump is too new for every program here, or there is no program.</exception>
    internal async Task<IReadOnlyList<string>> ListAsync(Stream dump, int serverMajor, CancellationToken cancellationToken)
    {
        var header = await DumpHeader.ReadAsync(dump, cancellationToken);
        var program = await ChooseAsync(header, serverMajor, cancellationToken);
        using var process = PostgresPrograms.Run(PostgresPrograms.StartInfo(program.Path, "--format=custom", "--list"), Setting);
        var tail = new OutputTail();
        var said = tail.ReadAsync(process.StandardError, CancellationToken.None);
        var listed = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await PostgresPrograms.WatchAsync(process, Task.WhenAll(said, listed), () => FeedAsync(process, header, dump, readAll: false, cancellationToken), cancellationToken);
        return process.ExitCode == 0
            ? (await listed).Split('\n')
            : throw Translate(program, process.ExitCode, "The list of a backup's content", tail.ToString());
    }

    /// <summary>Restores a dump into an empty database; everything in it will belong to who enters it.</summary>
    /// <param name="entry">The empty database, and who fills it.</param>
    /// <param name="dump">The dump; it is read to its end.</param>
    /// <param name="lines">The lines of its list that are restored; null for all.</param>
    /// <param name="cancellationToken">Ends the restore.</param>
    /// <exception cref="PermanentFailureException">The dump is too new for every program here, there is no program, or the server would refuse it again.</exception>
    /// <exception cref="TransientFailureException">It failed; says what the program said.</exception>
    internal async Task RunAsync(DatabaseEntry entry, Stream dump, IReadOnlyList<string>? lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(dump);
        var header = await DumpHeader.ReadAsync(dump, cancellationToken);
        var program = await ChooseAsync(header, entry.MajorVersion, cancellationToken);
        using var list = lines is null ? null : new ListFile(lines);

        // A newer program sets what this server does not know: then it goes on, and we look at what failed.
        var goesOn = program.Major > entry.MajorVersion;
        var start = PostgresPrograms.StartInfo(
            program.Path,
            [
                "--format=custom", "--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions",
                "--no-security-labels", "--no-password", $"--dbname={entry.Database}",
                .. goesOn ? [] : StopAtOnce, .. list is null ? Array.Empty<string>() : [$"--use-list={list.Path}"],
            ]);
        PostgresEnvironment.Apply(start.Environment, entry, SessionSettings.Programs(entry.MajorVersion));
        using var process = PostgresPrograms.Run(start, Setting);
        var messages = new RestoreMessages();
        var tail = new OutputTail(entry.Login.Password) { Watch = messages.Read };
        var reading = Task.WhenAll(
            tail.ReadAsync(process.StandardError, CancellationToken.None), tail.ReadAsync(process.StandardOutput, CancellationToken.None));
        await PostgresPrograms.WatchAsync(process, reading, () => FeedAsync(process, header, dump, readAll: true, cancellationToken), cancellationToken);
        if (process.ExitCode != 0 && !(goesOn && messages.OnlyUnknownSettings))
        {
            throw Translate(program, process.ExitCode, $"pg_restore into '{entry.Database}'", goesOn ? $"{messages.First}\n{tail}" : tail.ToString());
        }
    }

    /// <summary>
    /// The program for a dump and a server: one that can read the dump, of the server's own major version where there is one, for
    /// that sets only what the server knows.
    /// </summary>
    private async Task<PostgresProgram> ChooseAsync(DumpHeader header, int serverMajor, CancellationToken cancellationToken)
    {
        var all = await PostgresPrograms.FindAllAsync("pg_restore", options.Value.PgRestore, Setting, cancellationToken);
        var able = all.Where(p => p.Major is not { } major || major >= header.OldestReader).ToList();
        return able.Where(p => p.Major is not { } major || major >= serverMajor).MinBy(p => p.Major ?? int.MaxValue)
            ?? able.MaxBy(p => p.Major)
            ?? throw new PermanentFailureException(
                $"The backup was made by pg_dump {header.OldestReader} or newer, which no pg_restore here can read; found: {PostgresPrograms.Describe(all)}. "
                + $"Install PostgreSQL's client programs {header.OldestReader} (Debian: postgresql-client-{header.OldestReader}) or name them in {Setting}.");
    }

    private static async Task FeedAsync(Process process, DumpHeader header, Stream dump, bool readAll, CancellationToken cancellationToken)
    {
        var buffer = new byte[CopyBytes];
        await using var input = process.StandardInput.BaseStream;
        ReadOnlyMemory<byte> next = header.Bytes;
        while (next.Length > 0)
        {
            try
            {
                await input.WriteAsync(next, cancellationToken);
            }
            catch (IOException)
            {
                // It has stopped reading: its exit code and its words say why. The rest is read all the same, for its checksum.
                await (readAll ? dump.CopyToAsync(Stream.Null, CopyBytes, cancellationToken) : Task.CompletedTask);
                return;
            }

            next = buffer.AsMemory(0, await dump.ReadAsync(buffer, cancellationToken));
        }
    }

    private static Exception Translate(PostgresProgram program, int exitCode, string what, string said) =>
        said.Contains("unsupported version", StringComparison.Ordinal)
            ? new PermanentFailureException(
                $"pg_restore {program.Version} is older than the pg_dump that made the backup: install newer client programs of PostgreSQL or name them in {Setting}. It said: {said}")
            : RestoreMessages.AnswersTheSameAgain(said)
                ? new PermanentFailureException($"{what} failed, and would again: {said}")
                : new TransientFailureException($"{what} failed with exit code {exitCode}: {said}");

    /// <summary>The list of what to restore, for as long as the program runs.</summary>
    private sealed class ListFile : IDisposable
    {
        public ListFile(IReadOnlyList<string> lines)
        {
            Path = System.IO.Path.GetTempFileName();
            File.WriteAllText(Path, string.Join('\n', lines) + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }

        public string Path { get; }

        public void Dispose() => File.Delete(Path);
    }
}
