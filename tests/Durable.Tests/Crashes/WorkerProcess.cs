using System.Diagnostics;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>A worker in a process of its own.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    public static async Task<WorkerProcess> StartAsync(string connectionString)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(Durable.WorkerProcess.Steps).Assembly.Location },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["BIBIND_WORKER_CONNECTION"] = connectionString;
        var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(limit.Token));
        return new WorkerProcess(process);
    }

    /// <summary>SIGKILL: nothing of it is left, at once.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
