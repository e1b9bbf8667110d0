using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Scheduler;

/// <summary>The framework's worker, started when this process is ready and stopped before its activities are. It reconnects by itself.</summary>
public sealed class SchedulerWorker : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly SchedulerOptions _options;
    private readonly ActivityHost _activities;
    private readonly Func<IHostedService> _create;
    private readonly Func<CancellationToken, Task> _until;
    private readonly ILogger _logger;
    private IHostedService? _worker;
    private Task _starting = Task.CompletedTask;

    internal SchedulerWorker(
        SchedulerOptions options, ActivityHost activities, Func<IHostedService> create, Func<CancellationToken, Task> until, ILogger logger) =>
        (_options, _activities, _create, _until, _logger) = (options, activities, create, until, logger);

    /// <summary>True while it takes work, or tries to connect.</summary>
    public bool IsRunning => _worker is BackgroundService { ExecuteTask.IsCompleted: false };

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var ready = _until(_stopping.Token);
        _starting = StartAfterAsync(ready);
        return ready.IsCompleted ? _starting : Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_worker is null)
        {
            return;
        }

        // The stream of work ends first: an answer of an activity that is cancelled now must not be sent, as a failure.
        await _worker.StopAsync(cancellationToken);
        Logs.WorkerStopped(_logger, _options.WorkerId, await _activities.StopAsync(_options.ShutdownTimeout));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_worker as IDisposable)?.Dispose();
        _stopping.Dispose();
    }

    private async Task StartAfterAsync(Task ready)
    {
        await ready;
        var worker = _create();
        await worker.StartAsync(_stopping.Token);
        _worker = worker;
        Logs.WorkerStarted(_logger, _options.WorkerId, _options.TaskHub, _options.Endpoint);
    }
}
