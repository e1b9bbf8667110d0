using System.Net;
using Azure.Storage.Queues;
using Bibind.Activities.Services;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>Readiness says which queue is not there.</summary>
public sealed class QueuesExistTests(PostgresServer postgres)
{
    [Fact]
    public async Task A_host_that_creates_no_queues_says_which_are_missing()
    {
        await using var azurite = await AzuriteServer.StartAsync();
        await using var host = new ApiHost(postgres) { More = [$"--Queues:AzureStorage:ConnectionString={azurite.ConnectionString}", "--Queues:CreateQueues=false"] };
        await host.InitializeAsync();

        using var answer = await host.GetAsync("/health/ready", token: null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var fault = (await ApiHost.JsonAsync(answer)).GetProperty("checks").GetProperty("queues-exist").GetString();
        Assert.Equal("There is no queue billing at azure-storage. There is no queue billing-poison at azure-storage.", fault);

        var service = new QueueServiceClient(azurite.ConnectionString);
        await service.CreateQueueAsync("billing");
        await service.CreateQueueAsync("billing-poison");
        await host.WaitAsync("/health/ready", j => j.GetProperty("status").GetString() == "ready");
    }

    [Fact]
    public async Task At_SQS_too()
    {
        await using var server = await ElasticMqServer.StartAsync();
        using var broker = new SqsBroker(
            new SqsSettings(server.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.FromSeconds(1)));
        foreach (var queue in new[] { "billing", "billing-poison", "pump" })
        {
            await broker.Open(queue).CreateAsync(default);
        }

        using var check = new QueuesExistCheck([broker], Declarations.For(HostKind.Lambda), TimeProvider.System);

        Assert.Equal("There is no queue pump-poison at sqs.", await check.FindFaultAsync(default));
    }
}
