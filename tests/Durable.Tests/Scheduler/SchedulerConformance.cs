using Bibind.Durable.Tests.Conformance;
using Bibind.Testing.Servers;

namespace Bibind.Durable.Tests.Scheduler;

/// <summary>A host that delivers everything once.</summary>
public sealed class SchedulerHost : IAsyncLifetime
{
    private SchedulerServer? _server;

    public Uri Address => _server!.Address;

    public async ValueTask InitializeAsync() => _server = await SchedulerServer.StartAsync();

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>What every engine must do, on the framework's own hub behind its gRPC protocol.</summary>
public sealed class SchedulerConformance(SchedulerHost host) : EngineConformance, IClassFixture<SchedulerHost>
{
    protected override Task<TestEngine> CreateEngineAsync() => Task.FromResult<TestEngine>(new SchedulerEngine(host.Address));
}
