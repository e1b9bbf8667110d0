using Bibind.Functions.Queues.Brokers;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>Self-hosted, with a queue of Azure Storage.</summary>
public sealed class KestrelHostTests : HostBehaviour
{
    private static readonly Lazy<Task<AzuriteServer>> Server = new(AzuriteServer.StartAsync);
    private StorageBroker? _broker;

    internal override async Task<HostUnderTest> StartAsync(Installation installation)
    {
        _broker = await Brokers.StorageAsync(installation, await Server.Value);
        return await KestrelHost.StartAsync(installation, _broker.Open("billing"));
    }

    internal override IBrokerQueue OpenPoison(Installation installation) => _broker!.Open("billing-poison");
}

/// <summary>What is deployed to Azure Functions, under a stand-in of its host.</summary>
public sealed class AzureHostTests : HostBehaviour
{
    private static readonly Lazy<Task<AzuriteServer>> Server = new(AzuriteServer.StartAsync);
    private StorageBroker? _broker;

    internal override async Task<HostUnderTest> StartAsync(Installation installation)
    {
        _broker = await Brokers.StorageAsync(installation, await Server.Value);
        return await AzureHost.StartAsync(installation, _broker);
    }

    internal override IBrokerQueue OpenPoison(Installation installation) => _broker!.Open("billing-poison");
}

/// <summary>What is deployed to Lambda, under a real Runtime API.</summary>
public sealed class LambdaHostTests : HostBehaviour
{
    private static readonly Lazy<Task<ElasticMqServer>> Server = new(ElasticMqServer.StartAsync);
    private SqsBroker? _broker;

    internal override async Task<HostUnderTest> StartAsync(Installation installation)
    {
        _broker = await Brokers.SqsAsync(installation, await Server.Value);
        return await LambdaHost.StartAsync(installation, _broker);
    }

    internal override IBrokerQueue OpenPoison(Installation installation) => _broker!.Open("billing-poison");
}
