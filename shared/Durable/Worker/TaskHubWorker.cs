using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Durable.Worker;

/// <summary>
/// Leases work from a hub, runs orchestrators and activities with bounded concurrency, renews the leases and gives
/// everything back at shutdown. Any number of workers may share a hub.
/// </summary>
/// <remarks>
/// <see cref="SessionCoordinator"/> holds what is leased; this class fetches and renews.
/// Path of an activity's answer: <c>ActivityRunner → InstanceSession.Deliver → TurnRunner → TurnCommitter</c>. While an
/// instance is held, its answers stay in this process and are stored by the commit of the turn that they wake.
/// </remarks>
public sealed partial class TaskHubWorker : IAsyncDisposable
{
    private readonly ITaskHub _hub;
    private readonly TaskHubWorkerOptions _options;
    private readonly IReadOnlyDictionary<string, int> _poolLimits;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly WakeUp _wakeUp = new();
    private readonly SessionCoordinator _sessions;
    private CancellationTokenSource? _stopping;
    private Task _loops = Task.CompletedTask;
    private string _lastOwner = string.Empty;
    private volatile bool _idle;
    private DateTime? _nextDueAt;

    /// <summary>A worker that is not started yet.</summary>
    public TaskHubWorker(
        ITaskHub hub,
        TaskRegistry registry,
        IServiceProvider services,
        TaskHubWorkerOptions? options = null,
        ILogger<TaskHubWorker>? logger = null,
        TimeProvider? timeProvider = null,
        IWorkerInterceptor? interceptor = null)
    {
        _hub = hub;
        _options = options ?? new TaskHubWorkerOptions();
        _poolLimits = _options.ActivityLimits.ToDictionary(l => l.Key.ToLowerInvariant(), l => l.Value, StringComparer.Ordinal);
        _logger = logger ?? NullLogger<TaskHubWorker>.Instance;
        _time = timeProvider ?? TimeProvider.System;
        var at = interceptor ?? WorkerInterceptor.None;
        var shared = new WorkerContext(hub, registry, services, _options, _logger, _time, at, HubDataConverter.Default);
        _sessions = new SessionCoordinator(shared, _wakeUp);
    }

    /// <summary>True while the loops run.</summary>
    public bool IsRunning => _stopping is { IsCancellationRequested: false };

    /// <summary>Instances held now.</summary>
    public int HeldInstances => _sessions.Held;

    /// <summary>Activities running now.</summary>
    public int RunningActivities => _sessions.Activities.Running;

    /// <summary>Starts the loops.</summary>
    public void Start()
    {
        if (_stopping is not null)
        {
            throw new InvalidOperationException("The worker was started already.");
        }

        _stopping = new CancellationTokenSource();
        var token = _stopping.Token;
        _sessions.Start();
        var told = _hub.WaitForWorkAsync(Timeout.InfiniteTimeSpan, token);
        _loops = Task.WhenAll(Task.Run(() => DispatchAsync(token)), Task.Run(() => RenewAsync(token)), Task.Run(() => ForwardSignalsAsync(told, token)));
        Logs.WorkerStarted(_logger, _options.Name);
    }

    /// <summary>
    /// Takes no new work, lets running activities finish within <see cref="TaskHubWorkerOptions.ShutdownTimeout"/>, then
    /// cancels them, and gives every lease back.
    /// </summary>
    public async Task StopAsync()
    {
        if (_stopping is null || _sessions.IsDraining)
        {
            return;
        }

        _sessions.Drain();
        await _stopping.CancelAsync();
        await _loops;
        await _sessions.StopAsync(_options.ShutdownTimeout);
        Logs.WorkerStopped(_logger, _options.Name);
    }

    /// <summary>
    /// Starts, works until nothing is due or the time is up, and stops: for hosts in which no process lives on. In the
    /// last <see cref="TaskHubWorkerOptions.ShutdownTimeout"/> of the limit it takes nothing new.
    /// </summary>
    public async Task<PumpResult> RunUntilIdleAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        Start();
        var started = _time.GetTimestamp();
        try
        {
            while (!_idle && _time.GetElapsedTime(started) < limit - _options.ShutdownTimeout && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), _time, CancellationToken.None);
            }

            return new PumpResult(_idle, _nextDueAt);
        }
        finally
        {
            await StopAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _sessions.Dispose();
        _stopping?.Dispose();
        _wakeUp.Dispose();
    }
}
