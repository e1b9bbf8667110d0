using System.Diagnostics;
using Bibind.Functions.Settings;
using Bibind.Testing;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>The program itself, as operators start it: its arguments, its environment, what it says and how it ends.</summary>
internal sealed class HostProgram : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _settings = Path.Combine(Path.GetTempPath(), $"bibind-settings-{Guid.NewGuid():n}.json");
    private readonly ProcessOutput _said;
    private readonly Process _process;

    private HostProgram(IEnumerable<string> arguments, string file, IReadOnlyDictionary<string, string>? environment)
    {
        File.WriteAllText(_settings, file);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Bibind.Functions.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
            Environment = { [LocalSettings.PathVariable] = _settings },
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _said = new ProcessOutput(_process);
    }

    /// <summary>What it needs to compose a host; its database is nowhere.</summary>
    public static IReadOnlyList<string> Valid { get; } =
    [
        "--ControlDatabase=Host=127.0.0.1;Port=1;Database=nowhere;Username=nobody;Password=geheim",
        "--Auth:Tokens:0:Name=first", "--Auth:Tokens:0:Token=first-token-0123456789abcdef", "--Auth:Tokens:0:Role=admin",
        $"--Secrets:MasterKey={ApiHost.MasterKey}", "--Platform:Domain=example.test", "--Storage:Local:Folder=unused", "--Timers:Enabled=false",
    ];

    public string Output => _said.Output;

    public string Errors => _said.Errors;

    public static HostProgram Start(params IEnumerable<string> arguments) => new(arguments, """{"Values": {}}""", null);

    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="values">The members of <c>Values</c> in the settings' file.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        IEnumerable<string> arguments, string values = "", IReadOnlyDictionary<string, string>? environment = null)
    {
        using var program = new HostProgram(arguments, "{\"Values\": {" + values + "}}", environment);
        return (await program.EndAsync(), program.Output, program.Errors);
    }

    /// <summary>Waits until it has ended; answers its exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    /// <summary>Waits until it has said something.</summary>
    public Task UntilSaidAsync(string words) => Eventually.UntilAsync(
        () => Task.FromResult(_process.HasExited || Output.Contains(words, StringComparison.Ordinal)), Limit, $"the program says '{words}'");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        File.Delete(_settings);
    }
}
