namespace Bibind.Activities.Processes;

/// <summary>Finds the programs that we run.</summary>
internal static class ExternalProgram
{
    /// <summary>The program's file: as given if it has a folder, else the first of that name on the PATH; null if there is none.</summary>
    public static string? Find(string program)
    {
        if (Path.GetDirectoryName(program) is { Length: > 0 })
        {
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        }

        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat"] : [string.Empty];
        return (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, program + ending)))
            .FirstOrDefault(File.Exists);
    }
}
