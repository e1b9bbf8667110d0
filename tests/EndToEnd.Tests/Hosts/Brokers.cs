using Bibind.Activities.Services;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>Brokers for hosts under test, and an installation's settings for them.</summary>
internal static class Brokers
{
    private static readonly string[] Queues = ["billing", "billing-poison", "pump", "pump-poison"];

    /// <summary>The queues of a storage account, empty.</summary>
    public static async Task<StorageBroker> StorageAsync(Installation installation, AzuriteServer server)
    {
        installation.Settings["Queues:AzureStorage:ConnectionString"] = server.ConnectionString;
        installation.Settings["Queues:AzureStorage:LongestPause"] = "00:00:00.2";
        var broker = new StorageBroker(new StorageQueueSettings(server.ConnectionString, Base64: true, TimeSpan.FromMilliseconds(50)));
        await EmptyAsync(broker);
        return broker;
    }

    /// <summary>The queues of SQS, empty.</summary>
    public static async Task<SqsBroker> SqsAsync(Installation installation, ElasticMqServer server)
    {
        installation.Settings["Queues:Sqs:QueueUrlPrefix"] = server.QueueUrlPrefix;
        installation.Settings["Queues:Sqs:Region"] = "elasticmq";
        installation.Settings["Queues:Sqs:WaitTime"] = "00:00:01";
        installation.Settings["Queues:Sqs:AccessKeyId"] = "key";
        installation.Settings["Queues:Sqs:SecretAccessKey"] = "secret";
        var broker = new SqsBroker(
            new SqsSettings(server.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)));
        await EmptyAsync(broker);
        return broker;
    }

    // What the test before has left; messages that are hidden are wake-ups, and do no harm.
    private static async Task EmptyAsync(IQueueBroker broker)
    {
        foreach (var queue in Queues.Select(broker.Open))
        {
            await queue.CreateAsync(default);
            while (await queue.ReceiveAsync(10, TimeSpan.FromMinutes(1), default) is { Count: > 0 } left)
            {
                await Task.WhenAll(left.Select(m => queue.DeleteAsync(m, default)));
            }
        }
    }
}
