using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Bibind.Testing;

namespace Bibind.Benchmarks;

/// <summary>The least of a Lambda Runtime API: hands invocations out and takes answers, so that what is measured is the function.</summary>
internal sealed class RuntimeApi : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly BlockingCollection<(string Id, byte[] Event)> _pending = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _answers = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _serving;
    private int _last;

    public RuntimeApi()
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePorts.Next()}");
        _listener.Prefixes.Add($"http://{Address}/");
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public string Address { get; }

    /// <summary>Ends when the function asks for its first invocation: its start is over.</summary>
    public Task AskedAsync() => _asked.Task;

    public Task<string> InvokeAsync(byte[] @event)
    {
        var id = Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);
        var answer = _answers[id] = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending.Add((id, @event));
        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _pending.CompleteAdding();
        _listener.Abort();
        await _serving;
        _pending.Dispose();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath.Split('/');
        if (path[^1] == "next")
        {
            _asked.TrySetResult();
            if (!_pending.TryTake(out var next, Timeout.Infinite))
            {
                return;
            }

            context.Response.Headers["Lambda-Runtime-Aws-Request-Id"] = next.Id;
            context.Response.Headers["Lambda-Runtime-Deadline-Ms"] = DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            await context.Response.OutputStream.WriteAsync(next.Event);
        }
        else
        {
            using var reader = new StreamReader(context.Request.InputStream);
            var answer = await reader.ReadToEndAsync();
            context.Response.StatusCode = (int)HttpStatusCode.Accepted;
            if (_answers.TryRemove(path[^2], out var waiting))
            {
                waiting.SetResult(answer);
            }
        }

        context.Response.Close();
    }
}
