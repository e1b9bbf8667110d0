using System.Diagnostics.Metrics;
using Bibind.Durable.Hubs;
using Bibind.Durable.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Worker;

/// <summary>
/// Gauges of a hub and of this process's worker. The hub is asked from time to time, and only while someone listens:
/// an instrument is read at a moment at which nothing may be awaited.
/// </summary>
internal sealed class HubGauges : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly ITaskHub _hub;
    private readonly TimeProvider _time;
    private readonly ILogger<HubGauges> _logger;
    private readonly Instrument[] _instruments;
    private volatile HubBacklog _backlog = HubBacklog.Empty;

    public HubGauges(ITaskHub hub, TaskHubWorker worker, TimeProvider time, ILogger<HubGauges> logger)
    {
        (_hub, _time, _logger) = (hub, time, logger);
        var meter = DurableTelemetry.Instruments;
        _instruments =
        [
            meter.CreateObservableGauge("durable.queue.depth", Depths, "{item}", "Work that is due and waits for a worker, counted up to 10,000"),
            meter.CreateObservableGauge("durable.queue.age", Ages, "s", "How long the oldest work that is due has waited"),
            meter.CreateObservableGauge("durable.instances.isolated", () => _backlog.Quarantined, "{instance}", "Instances taken from all workers until someone releases them"),
            meter.CreateObservableGauge("durable.instances.held", () => worker.HeldInstances, "{instance}", "Instances that this worker holds"),
            meter.CreateObservableGauge("durable.activities.running", () => worker.RunningActivities, "{activity}", "Activities that run in this process"),
        ];
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            try
            {
                if (Array.Exists(_instruments, i => i.Enabled))
                {
                    _backlog = await _hub.GetBacklogAsync(stoppingToken);
                }
            }
            catch (Exception unavailable) when (!stoppingToken.IsCancellationRequested)
            {
                Logs.BacklogUnknown(_logger, unavailable.Message, Interval);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private IEnumerable<Measurement<long>> Depths() =>
        [Measure(_backlog.Messages, "messages"), Measure(_backlog.Activities, "activities")];

    private IEnumerable<Measurement<double>> Ages() =>
        [Measure(_backlog.OldestMessage.TotalSeconds, "messages"), Measure(_backlog.OldestActivity.TotalSeconds, "activities")];

    private static Measurement<T> Measure<T>(T value, string queue)
        where T : struct => new(value, new KeyValuePair<string, object?>("durable.queue", queue));
}
