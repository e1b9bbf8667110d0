using System.Diagnostics;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>What <c>infra/azure/publish</c> and <c>infra/aws/publish</c> make, made once for the tests of a process; not compiled ahead, which changes only how soon it starts.</summary>
internal static class PublishedHost
{
    // Both build the same projects below data/publish.
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private static readonly Lazy<Task<string>> AzureFolder = new(async () =>
    {
        await RunAsync("infra/azure/publish", "--no-zip", "--not-ahead");
        return Path.Combine(Repository.Root, "data", "publish", "azure");
    });

    private static readonly Lazy<Task<string>> LambdaFolder = new(async () =>
    {
        await RunAsync("infra/aws/publish", "--no-zip", "--not-ahead", "x64");
        return Path.Combine(Repository.Root, "data", "publish", "aws-x64");
    });

    /// <summary>The folder that is deployed to Azure Functions.</summary>
    public static Task<string> ForAzureAsync() => AzureFolder.Value;

    /// <summary>The folder that is deployed to Lambda.</summary>
    public static Task<string> ForLambdaAsync() => LambdaFolder.Value;

    private static async Task RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, script), arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        await OneAtATime.WaitAsync();
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{script} failed:\n{await output}{await errors}");
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
