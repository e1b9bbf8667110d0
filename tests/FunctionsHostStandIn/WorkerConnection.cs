using System.Collections.Concurrent;
using System.Threading.Channels;
using Bibind.Testing.FunctionsHost.Protocol;
using Grpc.Core;

namespace Bibind.Testing.FunctionsHost;

/// <summary>The stream between the stand-in and one worker process.</summary>
internal sealed class WorkerConnection(Action<string> log)
{
    private readonly Channel<StreamingMessage> _outgoing = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> _pending = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the worker has opened its stream.</summary>
    public Task Started => _started.Task;

    /// <summary>Runs the stream until the worker closes it or dies.</summary>
    public async Task RunAsync(IAsyncStreamReader<StreamingMessage> incoming, IServerStreamWriter<StreamingMessage> outgoing, CancellationToken gone)
    {
        _started.TrySetResult();
        var writing = WriteAsync(outgoing);
        try
        {
            while (await incoming.MoveNext(gone))
            {
                Take(incoming.Current);
            }
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or Grpc.Core.RpcException)
        {
            // The worker died.
        }
        finally
        {
            _outgoing.Writer.TryComplete();
            Fail("the worker process ended");
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Tells the worker something that it does not answer.</summary>
    public void Tell(StreamingMessage message) => _outgoing.Writer.TryWrite(message);

    /// <summary>Asks the worker; the answer has the same id.</summary>
    /// <exception cref="WorkerLostException">The worker died first.</exception>
    public Task<StreamingMessage> AskAsync(string id, StreamingMessage message)
    {
        var answer = new TaskCompletionSource<StreamingMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answer;
        message.RequestId = id;
        if (!_outgoing.Writer.TryWrite(message))
        {
            Fail("the worker process has ended");
        }

        return answer.Task;
    }

    private async Task WriteAsync(IServerStreamWriter<StreamingMessage> outgoing)
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync())
        {
            await outgoing.WriteAsync(message);
        }
    }

    private void Take(StreamingMessage message)
    {
        if (message.ContentCase == StreamingMessage.ContentOneofCase.RpcLog)
        {
            log($"{message.RpcLog.Category}: {message.RpcLog.Message} {message.RpcLog.Exception?.Message}");
            return;
        }

        var id = message.ContentCase == StreamingMessage.ContentOneofCase.InvocationResponse ? message.InvocationResponse.InvocationId : message.RequestId;
        if (_pending.TryRemove(id, out var waiting))
        {
            waiting.TrySetResult(message);
        }
    }

    private void Fail(string reason)
    {
        foreach (var id in _pending.Keys)
        {
            if (_pending.TryRemove(id, out var waiting))
            {
                waiting.TrySetException(new WorkerLostException(reason));
            }
        }
    }
}

/// <summary>The worker process ended while something was asked of it.</summary>
public sealed class WorkerLostException(string reason) : Exception($"It was not answered: {reason}.");
