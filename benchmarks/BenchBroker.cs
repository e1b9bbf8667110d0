using System.Diagnostics;
using System.Globalization;
using Bibind.Activities.Services;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing.Servers;

namespace Bibind.Benchmarks;

/// <summary>A broker on this machine whose processes are not ours: as the product sees it, as its vendor's client does, and what it costs.</summary>
internal sealed class BenchBroker : IAsyncDisposable
{
    /// <summary>The argument by which this program becomes the front of an ElasticMQ; its two ports follow.</summary>
    public const string FrontArgument = "elasticmq-front";
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private readonly IAsyncDisposable _server;

    private BenchBroker(IAsyncDisposable server) => _server = server;

    public required IQueueBroker Ours { get; init; }

    public required BareBroker Bare { get; init; }

    /// <summary>The broker's processes.</summary>
    public required int[] Processes { get; init; }

    /// <summary>What a host is told about it.</summary>
    public required string[] Settings { get; init; }

    public static async Task<BenchBroker> StartAzuriteAsync()
    {
        var server = await AzuriteServer.StartAsync();
        return new BenchBroker(server)
        {
            Ours = new StorageBroker(new StorageQueueSettings(server.ConnectionString, Base64: true, LongestPause)),
            Bare = BareBroker.OfAzure(server.ConnectionString),
            Processes = [server.ProcessId],
            Settings = [$"--Queues:AzureStorage:ConnectionString={server.ConnectionString}", "--Queues:AzureStorage:LongestPause=00:00:00.2"],
        };
    }

    public static async Task<BenchBroker> StartElasticMqAsync()
    {
        var front = 0;
        var server = await ElasticMqServer.StartAsync(async (port, inner) =>
        {
            var process = await FrontProcess.StartAsync(port, inner);
            front = process.Id;
            return process;
        });
        return new BenchBroker(server)
        {
            Ours = new SqsBroker(new SqsSettings(server.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), LongestPause)),
            Bare = BareBroker.OfSqs(server.QueueUrlPrefix),
            Processes = [server.ProcessId, front],
            Settings =
            [
                $"--Queues:Sqs:QueueUrlPrefix={server.QueueUrlPrefix}", "--Queues:Sqs:Region=elasticmq", "--Queues:Sqs:WaitTime=00:00:01",
                "--Queues:Sqs:AccessKeyId=key", "--Queues:Sqs:SecretAccessKey=secret",
            ],
        };
    }

    /// <summary>Is the front until its input ends.</summary>
    public static async Task<int> BeFrontAsync(string port, string elasticMq)
    {
        await using var front = await ElasticMqServer.StartFrontAsync(int.Parse(port, CultureInfo.InvariantCulture), int.Parse(elasticMq, CultureInfo.InvariantCulture));
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        (Ours as IDisposable)?.Dispose();
        Bare.Dispose();
        await _server.DisposeAsync();
    }

    private sealed class FrontProcess(Process process) : IAsyncDisposable
    {
        public int Id => process.Id;

        public static async Task<FrontProcess> StartAsync(int port, int inner)
        {
            var process = Process.Start(new ProcessStartInfo("dotnet")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                ArgumentList = { typeof(BenchBroker).Assembly.Location, FrontArgument, port.ToString(CultureInfo.InvariantCulture), inner.ToString(CultureInfo.InvariantCulture) },
            })!;
            return await process.StandardOutput.ReadLineAsync() == "ready" ? new FrontProcess(process) : throw new InvalidOperationException("ElasticMQ's front did not start.");
        }

        public async ValueTask DisposeAsync()
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
