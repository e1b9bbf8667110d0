using System.Diagnostics;
using System.Globalization;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Runs effects in a process of their own that may have so much memory and no more.</summary>
internal static class WorkerProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Runs a command to its end; answers what it wrote.</summary>
    /// <param name="heapLimit">The most bytes that its garbage-collected heap may have; beyond it fails.</param>
    public static async Task<WorkerResult> RunAsync(long heapLimit, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Activities.Worker.Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = heapLimit.ToString("x", CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The worker did not end in time. It said: {await output}{await errors}");
        }

        return process.ExitCode == 0
            ? new WorkerResult((await output).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            : throw new InvalidOperationException($"The worker ended with {process.ExitCode}: {await output}{await errors}");
    }
}

/// <summary>What a worker wrote.</summary>
internal sealed record WorkerResult(IReadOnlyList<string> Lines)
{
    /// <summary>The most memory that the process ever had, in bytes.</summary>
    public long PeakBytes => long.Parse(Lines.Single(l => l.StartsWith("peak ", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
}
