using Bibind.Functions.Problems;

namespace Bibind.Functions.Telemetry;

/// <summary>
/// Reads from time to time what gauges show, while somebody reads their metrics: they are asked at a moment at which nothing may be awaited.
/// </summary>
internal abstract class GaugeRefresh(TimeSpan interval, IControlPlaneReadiness readiness, TimeProvider time) : BackgroundService
{
    /// <summary>True while somebody reads the metrics.</summary>
    protected abstract bool IsRead { get; }

    /// <summary>Reads it, and keeps it for the gauges.</summary>
    protected abstract Task RefreshAsync(CancellationToken cancellationToken);

    /// <summary>Logs that it could not be read; the next round is the remedy.</summary>
    protected abstract void LogFailure(string reason);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.UntilReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            try
            {
                if (IsRead)
                {
                    await RefreshAsync(stoppingToken);
                }
            }
            catch (Exception unavailable) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailure(unavailable.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
