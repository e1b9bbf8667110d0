using Microsoft.Extensions.Hosting;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>
/// Queue and timer invocations under way. When the process is told to stop they are cancelled, and it waits until they have given
/// back what they work on.
/// </summary>
internal sealed class RunningInvocations : IHostedLifecycleService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<RunningInvocation> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins an invocation; disposing ends it.</summary>
    /// <param name="cancelled">Cancelled when the host gives the call up.</param>
    public RunningInvocation Begin(CancellationToken cancelled)
    {
        var invocation = new RunningInvocation(this, cancelled, _stopping.Token);
        lock (_lock)
        {
            _running.Add(invocation);
        }

        return invocation;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Before anything that they need is stopped, the connection to the host among it.
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] ending;
        lock (_lock)
        {
            ending = [.. _running.Select(i => i.Ended)];
        }

        await Task.WhenAll(ending).WaitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    private void End(RunningInvocation invocation)
    {
        lock (_lock)
        {
            _running.Remove(invocation);
        }
    }

    /// <summary>An invocation under way.</summary>
    internal sealed class RunningInvocation : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly RunningInvocations _owner;
        private readonly CancellationTokenSource _cancelled;

        public RunningInvocation(RunningInvocations owner, CancellationToken cancelled, CancellationToken stopping)
        {
            _owner = owner;
            _cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancelled, stopping);
        }

        /// <summary>Cancelled when the host gives the call up, or the process is told to stop.</summary>
        public CancellationToken Token => _cancelled.Token;

        /// <summary>Ends with the invocation.</summary>
        public Task Ended => _ended.Task;

        public void Dispose()
        {
            _owner.End(this);
            _cancelled.Dispose();
            _ended.TrySetResult();
        }
    }
}
