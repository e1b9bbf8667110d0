using System.Diagnostics;
using Bibind.Testing;
using Xunit;

namespace Bibind.Local.Tests;

/// <summary><c>./run</c>, <c>./test</c> and <c>./bench</c> refuse what they do not understand before they fetch, build or start anything.</summary>
public sealed class StartScriptsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bibind-scripts-");

    public StartScriptsTests()
    {
        // Whatever would be started leaves a trace instead.
        foreach (var program in (string[])["dotnet", "npm", "apt-get", "curl", "wget"])
        {
            var stub = Path.Combine(_folder.FullName, program);
            File.WriteAllText(stub, $"#!/bin/sh\necho {program} \"$@\" >> '{Trace}'\nexit 1\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(stub, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }

    private string Trace => Path.Combine(_folder.FullName, "trace");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("--port must be a port number from 1 to 65535, not 'abc'.", "run", "--port", "abc")]
    [InlineData("--port must be a port number from 1 to 65535, not 'abc'.", "run", "--once", "--port=abc")]
    [InlineData("--port must be a port number from 1 to 65535, not '0'.", "run", "--port", "0")]
    [InlineData("--port must be a port number from 1 to 65535, not '65536'.", "run", "--port", "65536")]
    [InlineData("--port must be a port number from 1 to 65535, not ''.", "run", "--port")]
    [InlineData("--port must be a port number from 1 to 65535, not '--once'.", "run", "--port", "--once")]
    [InlineData("One port at a time: '7072' or '7073'.", "run", "--port", "7072", "--port=7073")]
    [InlineData("There is no option --ful.", "run", "--ful")]
    [InlineData("There is no option once.", "run", "once")]
    [InlineData("--stand-in goes with --full.", "run", "--stand-in")]
    [InlineData("There is no option --no-biuld.", "test", "--no-biuld")]
    [InlineData("No test project has 'Durabel' in its name.", "test", "Durabel")]
    [InlineData("One name at a time: 'Durable' or 'Local'.", "test", "Durable", "Local")]
    [InlineData("There is no benchmark 'durabel'.", "bench", "durabel")]
    [InlineData("There is no option --quik.", "bench", "durable", "--quik")]
    public async Task What_is_not_understood_is_refused_and_starts_nothing(string said, string script, params string[] arguments)
    {
        var (exit, output) = await RunAsync(script, arguments);

        Assert.Equal((2, $"{said}\n{script} --help shows what can be written.\n"), (exit, output));
        Assert.False(File.Exists(Trace));
    }

    [Theory]
    [InlineData("run", "./run --another")]
    [InlineData("test", "./test --no-build")]
    [InlineData("bench", "./bench --quick")]
    public async Task Help_is_shown_and_starts_nothing_whatever_else_is_written(string script, string line)
    {
        var (exit, output) = await RunAsync(script, "nonsense", "--help");

        Assert.Equal(0, exit);
        Assert.Contains(line, output, StringComparison.Ordinal);
        Assert.False(File.Exists(Trace));
    }

    private async Task<(int Exit, string Output)> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.FullName };
        start.ArgumentList.Add(Path.Combine(Repository.Root, script));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["PATH"] = $"{_folder.FullName}:/usr/local/bin:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
