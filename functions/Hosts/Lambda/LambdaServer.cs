using System.Text.Json;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Functions.Hosts.Lambda;

/// <summary>
/// The server of a Lambda function: instead of listening, it asks the Runtime API for one invocation after the other. HTTP
/// requests go through the same pipeline as everywhere; queue and timer events to their functions.
/// </summary>
internal sealed class LambdaServer(
    LambdaRuntimeApi api, IServiceProvider services, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<LambdaServer> logger) : IServer
{
    // Kept to tell Lambda that the time is up, rather than being ended by it without a word.
    private static readonly TimeSpan Reserve = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _loop = Task.Run(() => LoopAsync(application), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task LoopAsync<TContext>(IHttpApplication<TContext> application)
        where TContext : notnull
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                var invocation = await api.NextAsync(_stopping.Token);
                await InvokeAsync(application, invocation);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception broken)
        {
            // Lambda starts a fresh process; in this one nothing more can be learnt.
            Logs.RuntimeApiBroken(logger, broken);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    private async Task InvokeAsync<TContext>(IHttpApplication<TContext> application, LambdaInvocation invocation)
        where TContext : notnull
    {
        var left = invocation.Deadline - time.GetUtcNow() - Reserve;
        using var limit = new CancellationTokenSource();
        try
        {
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException("The invocation came with no time left; raise the function's timeout.");
            }

            limit.CancelAfter(left);
            using var document = Parse(invocation.Event);
            var answer = LambdaHttp.IsRequest(document.RootElement)
                ? await LambdaHttp.RunAsync(application, document.RootElement, invocation, limit.Token)
                : JsonSerializer.SerializeToUtf8Bytes(
                    await services.GetRequiredService<LambdaEvents>().HandleAsync(document.RootElement, invocation.Deadline, limit.Token), ApiJson.Options);
            await api.AnswerAsync(invocation.Id, answer, _stopping.Token);
        }
        catch (Exception failure) when (!_stopping.IsCancellationRequested && failure is not HttpRequestException)
        {
            var (type, message) = Describe(failure, limit.IsCancellationRequested);
            Logs.InvocationFailed(logger, invocation.Id, message, failure);
            await api.FailAsync(invocation.Id, type, message, _stopping.Token);
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException malformed)
        {
            throw new UnknownEventException(HostJson.Words("The event", malformed));
        }
    }

    // Only words of ours: an exception's may hold what callers must not see.
    private static (string Type, string Message) Describe(Exception failure, bool isTimeUp) => failure switch
    {
        UnknownEventException unknown => ("Bibind.UnknownEvent", unknown.Message),
        TimeoutException late => ("Bibind.DeadlineExpired", late.Message),
        _ when isTimeUp => ("Bibind.DeadlineExpired", "The function's time was up before it ended."),
        _ => ("Bibind.Failed", "The function failed; its log has the reason."),
    };
}
