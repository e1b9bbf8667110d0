using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Bibind.Durable;

namespace Bibind.Activities.Processes;

/// <summary>One of PostgreSQL's client programs that is installed.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Version">Such as <c>15.8</c>; <c>unknown</c> for a program that does not say it.</param>
internal sealed record PostgresProgram(string Path, string Version)
{
    /// <summary>The major version; null if it is not known.</summary>
    public int? Major { get; } = int.TryParse(Version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
}

/// <summary>Finds and starts PostgreSQL's client programs.</summary>
internal static class PostgresPrograms
{
    private const string DebianFolder = "/usr/lib/postgresql";
    private const string Unknown = "unknown";

    // A program that is replaced has another time.
    private static readonly ConcurrentDictionary<(string Path, DateTime WrittenAt), string> Versions = new();

    /// <summary>Every version of the program: those that a setting names, separated as in PATH, else all that are installed.</summary>
    /// <exception cref="PermanentFailureException">There is none.</exception>
    public static async Task<IReadOnlyList<PostgresProgram>> FindAllAsync(
        string program, string? setting, string settingName, CancellationToken cancellationToken)
    {
        var found = new List<PostgresProgram>();
        foreach (var path in Paths(program, setting, settingName))
        {
            found.Add(new PostgresProgram(path, await VersionOfAsync(path, settingName, cancellationToken)));
        }

        return found;
    }

    /// <summary>How to start it: what it reads and writes goes through us.</summary>
    public static ProcessStartInfo StartInfo(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };

        // What it says is read by us too, whatever language the host speaks.
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("LANGUAGE");
        return start;
    }

    /// <summary>Starts it.</summary>
    /// <exception cref="PermanentFailureException">It cannot be run.</exception>
    public static Process Run(ProcessStartInfo start, string settingName)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception refused)
        {
            throw new PermanentFailureException($"'{start.FileName}' cannot be run: {refused.Message} ({settingName}).", refused);
        }
    }

    /// <summary>Feeds it and waits for its end and for what it says; one that is left before its end is killed.</summary>
    public static async Task WatchAsync(Process process, Task reading, Func<Task> feed, CancellationToken cancellationToken)
    {
        try
        {
            await feed();
            await process.WaitForExitAsync(cancellationToken);
            await reading;
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

    /// <summary>The versions of programs, for a message.</summary>
    public static string Describe(IEnumerable<PostgresProgram> programs) => string.Join(", ", programs.Select(p => $"{p.Version} ({p.Path})"));

    private static List<string> Paths(string program, string? setting, string settingName)
    {
        if (setting is { Length: > 0 })
        {
            return
            [
                .. setting.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Select(path => ExternalProgram.Find(path)
                        ?? throw new PermanentFailureException($"There is no {program} at '{path}', which {settingName} names.")),
            ];
        }

        // Debian's own before the PATH, where a wrapper stands that takes longer to start than a small dump.
        var installed = OfDebian(program);
        return installed.Count > 0 ? installed
            : ExternalProgram.Find(program) is { } onPath ? [onPath]
            : throw new PermanentFailureException(
                $"There is no {program} on this machine: install PostgreSQL's client programs or name it in {settingName}.");
    }

    private static List<string> OfDebian(string program) =>
        Directory.Exists(DebianFolder)
            ? [.. Directory.EnumerateDirectories(DebianFolder).Select(folder => Path.Combine(folder, "bin", program)).Where(File.Exists)]
            : [];

    private static async Task<string> VersionOfAsync(string path, string settingName, CancellationToken cancellationToken)
    {
        var key = (path, File.GetLastWriteTimeUtc(path));
        if (Versions.TryGetValue(key, out var known))
        {
            return known;
        }

        using var process = Run(StartInfo(path, "--version"), settingName);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);

        // "pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"
        var words = (await process.StandardOutput.ReadToEndAsync(cancellationToken)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await errors;
        await process.WaitForExitAsync(cancellationToken);
        var version = words.Length > 2 ? words[2].Trim() : Unknown;
        return Versions[key] = version.Length > 0 && char.IsAsciiDigit(version[0]) ? LeadingNumber(version) : Unknown;
    }

    // "18beta1" is 18.
    private static string LeadingNumber(string version) => string.Concat(version.TakeWhile(c => char.IsAsciiDigit(c) || c == '.'));
}
