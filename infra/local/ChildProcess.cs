using System.ComponentModel;
using System.Diagnostics;

namespace Bibind.Local;

/// <summary>How a program ended, with everything that it wrote.</summary>
internal sealed record ChildResult(int ExitCode, string Output)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>Runs short programs to their end.</summary>
internal static class ChildProcess
{
    public static async Task<ChildResult> RunAsync(
        IReadOnlyList<string> command, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The account that the program runs as may be unable to enter our own current folder.
            WorkingDirectory = "/",
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception notStarted)
        {
            throw new LocalServerException($"Cannot run {command[0]}: {notStarted.Message}", notStarted);
        }

        using (process)
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            return new ChildResult(process.ExitCode, (await output + await error).Trim());
        }
    }

    public static async Task<string> MustRunAsync(
        IReadOnlyList<string> command, string purpose, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null)
    {
        var result = await RunAsync(command, cancellationToken, environment);
        return result.Succeeded
            ? result.Output
            : throw new LocalServerException($"Cannot {purpose}: {Path.GetFileName(command[0])} ended with {result.ExitCode}.\n{result.Output}");
    }

    /// <summary>Finds a program on PATH.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
