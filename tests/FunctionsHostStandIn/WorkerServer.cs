using System.Collections.Concurrent;
using Bibind.Testing.FunctionsHost.Protocol;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bibind.Testing.FunctionsHost;

/// <summary>Where workers connect: each names its id first.</summary>
internal sealed class WorkerServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, WorkerConnection> _expected = new(StringComparer.Ordinal);

    private WorkerServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(k => k.ConfigureEndpointDefaults(e => e.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(this);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://none");

    public static async Task<WorkerServer> StartAsync()
    {
        var server = new WorkerServer();
        await server._app.StartAsync();
        server.Address = new Uri(server._app.Urls.Single());
        return server;
    }

    /// <summary>Waits for a worker of this id to connect.</summary>
    public WorkerConnection Expect(string workerId, Action<string> log) => _expected[workerId] = new WorkerConnection(log);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Service(WorkerServer server) : FunctionRpc.FunctionRpcBase
    {
        public override async Task EventStream(
            IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream, ServerCallContext context)
        {
            if (await requestStream.MoveNext(context.CancellationToken)
                && server._expected.TryRemove(requestStream.Current.StartStream?.WorkerId ?? string.Empty, out var worker))
            {
                await worker.RunAsync(requestStream, responseStream, context.CancellationToken);
            }
        }
    }
}
