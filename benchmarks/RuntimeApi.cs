using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Bibind.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Benchmarks;

/// <summary>The least of a Lambda Runtime API: hands invocations out and takes answers, so that what is measured is the function.</summary>
internal sealed class RuntimeApi : IAsyncDisposable
{
    private readonly Channel<(string Id, byte[] Event)> _pending = Channel.CreateUnbounded<(string, byte[])>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _answers = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;
    private int _last;

    private RuntimeApi()
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePorts.Next()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{Address}");
        _app = builder.Build();
        _app.MapGet("/2018-06-01/runtime/invocation/next", NextAsync);
        _app.MapPost("/2018-06-01/runtime/invocation/{id}/response", AnswerAsync);
    }

    public string Address { get; }

    public static async Task<RuntimeApi> StartAsync()
    {
        var api = new RuntimeApi();
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Ends when the function asks for its first invocation: its start is over.</summary>
    public Task AskedAsync() => _asked.Task;

    public Task<string> InvokeAsync(byte[] @event)
    {
        var id = Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);
        var answer = _answers[id] = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending.Writer.TryWrite((id, @event));
        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private async Task NextAsync(HttpContext context)
    {
        _asked.TrySetResult();
        var (id, @event) = await _pending.Reader.ReadAsync(context.RequestAborted);
        context.Response.Headers["Lambda-Runtime-Aws-Request-Id"] = id;
        context.Response.Headers["Lambda-Runtime-Deadline-Ms"] = DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        context.Response.ContentLength = @event.Length;
        await context.Response.Body.WriteAsync(@event, context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context, string id)
    {
        using var reader = new StreamReader(context.Request.Body);
        var answer = await reader.ReadToEndAsync(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.CompleteAsync();
        if (_answers.TryRemove(id, out var waiting))
        {
            waiting.SetResult(answer);
        }
    }
}
