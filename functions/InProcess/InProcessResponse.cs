using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Functions.InProcess;

/// <summary>An answer that stays in memory. It starts when its first byte is written, as one over a connection does: what is to happen before is done then.</summary>
internal sealed class InProcessResponse : StreamResponseBodyFeature, IHttpResponseFeature
{
    private readonly Stack<(Func<object, Task> Run, object State)> _starting = new();
    private readonly Stack<(Func<object, Task> Run, object State)> _completed = new();

    public InProcessResponse(Stream body)
        : this(new StartingStream(body))
    {
    }

    private InProcessResponse(StartingStream body)
        : base(body) => body.StartAsync = StartOnceAsync;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted { get; private set; }

    Stream IHttpResponseFeature.Body { get => Stream; set => throw new NotSupportedException(); }

    public void OnStarting(Func<object, Task> callback, object state) => _starting.Push((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => _completed.Push((callback, state));

    public override Task StartAsync(CancellationToken cancellationToken = default) => StartOnceAsync();

    public override async Task CompleteAsync()
    {
        await StartOnceAsync();
        await base.CompleteAsync();
        while (_completed.TryPop(out var callback))
        {
            await callback.Run(callback.State);
        }
    }

    private async Task StartOnceAsync()
    {
        if (HasStarted)
        {
            return;
        }

        while (_starting.TryPop(out var callback))
        {
            await callback.Run(callback.State);
        }

        HasStarted = true;
    }

    private sealed class StartingStream(Stream body) : Stream
    {
        public Func<Task>? StartAsync { get; set; }

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => body.Length;
        public override long Position { get => body.Position; set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await StartAsync!();
            await body.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async Task FlushAsync(CancellationToken cancellationToken) => await StartAsync!();

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are written asynchronously.");
    }
}
