using System.ComponentModel;
using System.Diagnostics;
using Bibind.Durable;

namespace Bibind.Activities.Processes;

/// <summary>Finds and starts PostgreSQL's client programs.</summary>
internal static class PostgresPrograms
{
    private const string DebianFolder = "/usr/lib/postgresql";

    /// <summary>The program's file: the one that a setting names, else the newest that is installed.</summary>
    /// <exception cref="PermanentFailureException">There is none.</exception>
    public static string Find(string program, string? setting, string settingName)
    {
        if (setting is { Length: > 0 })
        {
            return ExternalProgram.Find(setting)
                ?? throw new PermanentFailureException($"There is no {program} at '{setting}', which {settingName} names.");
        }

        // Debian's own before the PATH, where a wrapper stands that takes longer to start than a small dump.
        return NewestOfDebian(program) ?? ExternalProgram.Find(program)
            ?? throw new PermanentFailureException(
                $"There is no {program} on this machine: install PostgreSQL's client programs or name it in {settingName}.");
    }

    /// <summary>How to start it: what it reads and writes goes through us.</summary>
    public static ProcessStartInfo StartInfo(string program, params string[] arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        CreateNoWindow = true,
    };

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
            throw new PermanentFailureException($"'{start.FileName}' cannot be run: {refused.Message} ({settingName}).");
        }
    }

    private static string? NewestOfDebian(string program) =>
        Directory.Exists(DebianFolder)
            ? Directory.EnumerateDirectories(DebianFolder)
                .Select(folder => (Folder: folder, Version: int.TryParse(Path.GetFileName(folder), out var v) ? v : 0))
                .OrderByDescending(f => f.Version)
                .Select(f => Path.Combine(f.Folder, "bin", program))
                .FirstOrDefault(File.Exists)
            : null;
}
