using System.Diagnostics;
using Bibind.Testing;

namespace Bibind.Functions.Tests.Cli;

/// <summary>How a command ended.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Errors);

/// <summary>The command line as a process of its own, with settings of its own.</summary>
internal sealed class CliProgram : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bibind-cli-");

    /// <summary>The file of profiles.</summary>
    public string ConfigFile => Path.Combine(_folder.FullName, "bibind", "config.toml");

    public string Folder => _folder.FullName;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="environment">Variables such as BIBIND_URL.</param>
    /// <param name="arguments">The command.</param>
    /// <param name="input">What the standard input holds.</param>
    public async Task<CliResult> RunAsync(IReadOnlyDictionary<string, string> environment, string[] arguments, string input = "")
    {
        using var running = Start(environment, arguments, input);
        return await running.EndAsync();
    }

    public RunningCli Start(IReadOnlyDictionary<string, string> environment, string[] arguments, string input = "")
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "bibind.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["XDG_CONFIG_HOME"] = _folder.FullName },
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("BIBIND_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new RunningCli(start, input);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A command that runs.</summary>
    internal sealed class RunningCli : IDisposable
    {
        private readonly Process _process;
        private readonly ProcessOutput _said;

        public RunningCli(ProcessStartInfo start, string input)
        {
            _process = new Process { StartInfo = start };
            _said = new ProcessOutput(_process);
            _process.StandardInput.Write(input);
            _process.StandardInput.Close();
        }

        /// <summary>What it has said besides results.</summary>
        public string Errors => _said.Errors;

        public Task UntilSaidAsync(string words) => Eventually.UntilAsync(
            () => _process.HasExited || Errors.Contains(words, StringComparison.Ordinal), Limit, $"the command says '{words}'");

        /// <summary>As Ctrl-C does.</summary>
        public async Task InterruptAsync()
        {
            using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }

        public async Task<CliResult> EndAsync()
        {
            await _process.WaitForExitAsync().WaitAsync(Limit);
            return new CliResult(_process.ExitCode, _said.Output, _said.Errors);
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                _process.WaitForExit();
            }

            _process.Dispose();
        }
    }
}
