using System.Diagnostics;
using System.Globalization;
using Bibind.Functions.Queues.Brokers;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>The self-hosted program as a process of its own, at a real broker.</summary>
internal sealed class KestrelHost : HostUnderTest
{
    private readonly ChildOutput _output = new();
    private readonly Uri _address = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePorts.Next()}"));
    private Process? _process;

    private KestrelHost(Installation installation, IBrokerQueue billing)
        : base(installation, billing) => Api = new Api(_address);

    public override Api Api { get; }

    public override bool IsPumped => false;

    public static async Task<HostUnderTest> StartAsync(Installation installation, IBrokerQueue billing)
    {
        var host = new KestrelHost(installation, billing);
        await host.StartAsync();
        return host;
    }

    // Its own scheduler fires when the moment comes; the last one was run when the host started.
    public override Task TickAsync(string timer) => Task.CompletedTask;

    public override async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await StartAsync();
    }

    public override string Output() => _output.ToString();

    public override async ValueTask DisposeAsync()
    {
        Api.Dispose();
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Bibind.Functions.dll")]);
        foreach (var (name, value) in Installation.Settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["Urls"] = _address.OriginalString;
        _process = _output.Start(start);
        await Eventually.UntilAsync(
            async () => _process.HasExited || await Api.IsReadyAsync(), TimeSpan.FromSeconds(60), "the host is ready");
        Assert.False(_process.HasExited, Output());
    }
}
