using System.Globalization;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing.FunctionsHost;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>
/// The deployed folder under a stand-in of the Functions host. What feeds it is done here as the host's queue extension does it: it
/// takes messages from real queues of the storage account, deletes those whose invocation succeeded and hides the others.
/// </summary>
internal sealed class AzureHost : HostUnderTest
{
    // host.json says 30 seconds; a test need not wait for that.
    private static readonly TimeSpan VisibilityAfterFailure = TimeSpan.FromSeconds(1);

    private readonly ChildOutput _output;
    private readonly FunctionsHostStandIn _host;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _listeners = [];

    private AzureHost(Installation installation, IQueueBroker broker, FunctionsHostStandIn host, ChildOutput output)
        : base(installation, broker.Open("billing"))
    {
        (_host, _output) = (host, output);
        Api = new Api(Address, new Front(host));
    }

    public override Api Api { get; }

    public static async Task<AzureHost> StartAsync(Installation installation, IQueueBroker broker)
    {
        var output = new ChildOutput();
        var settings = installation.Settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value);
        var started = await FunctionsHostStandIn.StartAsync(await PublishedHost.ForAzureAsync(), settings, output.Keep);
        var host = new AzureHost(installation, broker, started, output);
        foreach (var function in started.Functions.Where(f => f.Queue is not null))
        {
            await broker.Open(function.Queue!).CreateAsync(default);
            await broker.Open($"{function.Queue}-poison").CreateAsync(default);
            host._listeners.Add(host.ListenAsync(function, broker.Open(function.Queue!)));
        }

        return host;
    }

    public override async Task TickAsync(string timer)
    {
        var result = await _host.InvokeTimerAsync(_host.Functions.Single(f => f.Name == timer && f.Schedule is not null));
        Assert.True(result.Succeeded, result.Error);
    }

    public override Task KillAsync() => _host.KillAsync();

    public override string Output() => _output.ToString();

    public override async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _host.DisposeAsync();
        await Task.WhenAll(_listeners);
        Api.Dispose();
        _stopping.Dispose();
    }

    private async Task ListenAsync(StandInFunction function, IBrokerQueue queue)
    {
        while (!_stopping.IsCancellationRequested)
        {
            var messages = await queue.ReceiveAsync(16, TimeSpan.FromMinutes(1), default);
            await Task.WhenAll(messages.Select(m => DeliverAsync(function, queue, m)));
            if (messages.Count == 0)
            {
                await Task.Delay(50, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task DeliverAsync(StandInFunction function, IBrokerQueue queue, BrokerMessage message)
    {
        var result = LosesWakeUps && function.Queue == "pump"
            ? new StandInResult(Succeeded: true, Error: null)
            : await InvokeAsync(function, message);
        if (result.Succeeded)
        {
            await queue.DeleteAsync(message, default);
        }
        else
        {
            _output.Keep(string.Create(CultureInfo.InvariantCulture, $"[host] {function.Name} failed: {result.Error}"));
            await queue.HideAsync(message, VisibilityAfterFailure, default);
        }
    }

    private async Task<StandInResult> InvokeAsync(StandInFunction function, BrokerMessage message)
    {
        try
        {
            return await _host.InvokeQueueAsync(function, new StandInMessage(message.Id, message.Receipt!, message.Body!, message.Attempt));
        }
        catch (Exception down) when (_stopping.IsCancellationRequested)
        {
            return new StandInResult(Succeeded: false, down.Message);
        }
    }

    private sealed class Front(FunctionsHostStandIn host) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            host.SendAsync(request, cancellationToken);
    }
}
