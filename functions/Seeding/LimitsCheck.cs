using System.Globalization;
using Bibind.ControlPlane.Hosts;
using Bibind.Functions.Health;
using Bibind.Functions.Hosts;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Seeding;

/// <summary>
/// All hosts work with the same <c>Worker__ActivityLimits</c>. They are not refused: else no limit could be changed, and no version with another
/// default be installed, one machine after the other.
/// </summary>
internal sealed class LimitsCheck(
    HostLimits hosts, IControlPlaneReadiness readiness, HostSettings settings, TimeProvider time, ILogger<LimitsCheck> logger)
    : BackgroundService, IReadinessCheck
{
    private static readonly TimeSpan Interval = HostLimits.Lifetime / 3;

    private readonly string _host = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("n")[..6]}";
    private string? _logged;

    public string Name => "activity-limits";

    public bool IsWarning => true;

    // The answer is open to everybody: which machines there are is for the log.
    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        var differences = await FindDifferencesAsync(cancellation);
        return differences.Count == 0
            ? null
            : $"Live hosts work with other Worker__ActivityLimits: {string.Join("; ", differences.Select(d => d.Words).Distinct())}. Set the same on all; the log names the hosts.";
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (readiness.IsReady)
        {
            try
            {
                await hosts.WithdrawAsync(_host, cancellationToken);
            }
            catch (Exception away) when (away is OperationCanceledException || TransientDatabaseError.Is(away))
            {
                // It counts as alive for a minute.
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.UntilReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                var differences = await FindDifferencesAsync(stoppingToken);
                var found = string.Join("; ", differences.Select(d => $"{d.Words} at {d.Host}"));
                if (found.Length > 0 && found != _logged)
                {
                    Logs.LimitsDiffer(logger, found);
                }

                _logged = found;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Logs.LimitsNotCompared(logger, failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<List<(string Host, string Words)>> FindDifferencesAsync(CancellationToken cancellation)
    {
        var here = settings.Worker.ActivityLimits;
        var others = await hosts.AnnounceAsync(_host, here, cancellation);
        return
        [
            .. from other in others
               from name in here.Keys.Union(other.Limits.Keys).Order(StringComparer.Ordinal)
               let words = (Here: Words(here, name), There: Words(other.Limits, name))
               where words.Here != words.There
               select (other.Host, $"{name} {words.Here} here and {words.There} there"),
        ];
    }

    private static string Words(IReadOnlyDictionary<string, int> limits, string name) =>
        limits.TryGetValue(name, out var limit) ? limit.ToString(CultureInfo.InvariantCulture) : "without limit";
}
