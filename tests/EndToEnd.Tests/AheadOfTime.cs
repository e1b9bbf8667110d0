using System.Diagnostics;
using System.Runtime.InteropServices;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// The program of <see cref="KillableHost"/>, compiled ahead (ReadyToRun). Hundreds of tests start it for a few seconds each, and more than half of
/// these went into the compiler. Without crossgen2 below data/tools, which <c>./test</c> fetches where it can, the program is compiled while it runs.
/// </summary>
internal static class AheadOfTime
{
    private const string HostFile = "Bibind.CrashHost.dll";
    private static readonly string[] Compiled = ["Bibind.*.dll", "Npgsql.dll", "Dapper.dll", "OpenTelemetry.dll", "Microsoft.DurableTask.*.dll"];
    private static readonly Lazy<string> Host = new(CompileHost);

    /// <summary>The file to start with <c>dotnet</c>.</summary>
    public static string HostProgram => Host.Value;

    private static string CompileHost()
    {
        var source = AppContext.BaseDirectory;
        var compiler = Path.Combine(Environment.GetEnvironmentVariable("BIBIND_TOOLS") ?? Path.Combine(Repository.Root, "data", "tools"), "crossgen2", "crossgen2");
        if (!File.Exists(compiler))
        {
            return Path.Combine(source, HostFile);
        }

        var target = Path.Combine(source, "ahead");
        Directory.CreateDirectory(target);
        var needed = File.ReadAllText(Path.Combine(source, "Bibind.CrashHost.deps.json"));
        string[] compiled = [.. Compiled.SelectMany(p => Directory.GetFiles(source, p)).Where(f => needed.Contains($"{Path.GetFileName(f)}\"", StringComparison.Ordinal))];
        foreach (var file in Directory.GetFiles(source, "*.dll").Except(compiled).Concat(Directory.GetFiles(source, "Bibind.CrashHost.*.json")).Where(f => IsOlder(TargetOf(f), f)))
        {
            File.Copy(file, TargetOf(file), overwrite: true);
        }

        Parallel.ForEach(
            compiled.Where(f => IsOlder(TargetOf(f), f)), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            file => Compile(compiler, source, file, TargetOf(file)));
        return Path.Combine(target, HostFile);

        string TargetOf(string file) => Path.Combine(target, Path.GetFileName(file));
    }

    // As make does; code that is compiled ahead holds whatever becomes of the other assemblies.
    private static bool IsOlder(string made, string from) => File.GetLastWriteTimeUtc(made) < File.GetLastWriteTimeUtc(from);

    private static void Compile(string compiler, string source, string file, string target)
    {
        var unfinished = target + ".new";
        var start = new ProcessStartInfo(compiler)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                file, "-o", unfinished, "--targetos", "linux", "--targetarch", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64", "-O",
                "-r", Path.Combine(source, "*.dll"), "-r", Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll"),
                "-r", Path.Combine(Path.GetDirectoryName(typeof(WebApplication).Assembly.Location)!, "*.dll"),
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"crossgen2 failed for {Path.GetFileName(file)}:\n{output}{errors.Result}");
        File.Move(unfinished, target, overwrite: true);
    }
}
