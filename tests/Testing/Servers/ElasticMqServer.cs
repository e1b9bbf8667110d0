using System.Globalization;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>A server that AWS's SDK takes for SQS, on a free port of 127.0.0.1; it keeps messages in memory and checks no signature.</summary>
public sealed class ElasticMqServer : IAsyncDisposable
{
    private static readonly string[] OpenPackages = ["java.util.regex", "java.lang", "java.util", "sun.nio.ch"];
    private static readonly Lazy<Task<ElasticMqServer>> Shared = new(StartAsync);

    private readonly int _port;
    private readonly RunningServer _process;
    private readonly IAsyncDisposable _front;

    private ElasticMqServer(int port, RunningServer process, IAsyncDisposable front)
    {
        _port = port;
        _process = process;
        _front = front;
    }

    /// <summary>What stands before a queue's name in its address.</summary>
    public string QueueUrlPrefix => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/queue/");

    public int ProcessId => _process.ProcessId;

    /// <summary>One for the tests of a process.</summary>
    public static Task<ElasticMqServer> GetAsync() => Shared.Value;

    public static Task<ElasticMqServer> StartAsync() => StartAsync(StartFrontAsync);

    /// <summary>Translates SQS's protocol for an ElasticMQ until it is disposed; both ports are of 127.0.0.1.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="elasticMq">Where ElasticMQ does.</param>
    public static async Task<IAsyncDisposable> StartFrontAsync(int port, int elasticMq) => await ElasticMqFront.StartAsync(port, elasticMq);

    /// <summary>Starts it with a front that somebody else runs.</summary>
    /// <param name="front">Starts it; is given the arguments of <see cref="StartFrontAsync"/>.</param>
    public static async Task<ElasticMqServer> StartAsync(Func<int, int, Task<IAsyncDisposable>> front)
    {
        ArgumentNullException.ThrowIfNull(front);
        var folder = PostgresFixture.NewFolder();
        var (port, inner) = (FreePorts.Next(), FreePorts.Next());
        var configuration = Path.Combine(folder, "elasticmq.conf");
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            include classpath("application.conf")
            node-address { protocol = http, host = "127.0.0.1", port = {{port}}, context-path = "" }
            rest-sqs { enabled = true, bind-port = {{inner}}, bind-hostname = "127.0.0.1", sqs-limits = strict }

            """));
        var process = await RunningServer.StartAsync(
            "elasticmq", folder,
            [
                ServerPrograms.Require("java", "default-jre-headless"), "-Xmx256m", "-XX:TieredStopAtLevel=1",
                .. OpenPackages.SelectMany(p => new[] { "--add-opens", $"java.base/{p}=ALL-UNNAMED" }),
                $"-Dconfig.file={configuration}", "-jar", NodeServers.Require("elasticmq", "elasticmq-server-*.jar"),
            ],
            deleteFolder: true);
        await process.ListensAsync(inner);
        return new ElasticMqServer(port, process, await front(port, inner));
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync();
        await _process.DisposeAsync();
    }
}
