using Grpc.Core;

namespace Bibind.SchedulerHost;

/// <summary>The call of a worker that never leaves.</summary>
internal sealed class EndlessCall(CancellationToken end) : ServerCallContext
{
    protected override string MethodCore => string.Empty;

    protected override string HostCore => string.Empty;

    protected override string PeerCore => "delivery";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => end;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
