using Bibind.Activities.Backup.Archives;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.UsageLimits;
using Bibind.Functions.Ordering;
using Bibind.Functions.Triggers;
using Bibind.Functions.Usage;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Looks at the tenants whose turn it is: whether they use more than they may, whether a backup is missing, whether their newest backup is to be tried
/// out. Each machine does, for those that no other has; a repetition of a moment finds nobody.
/// </summary>
internal sealed class CheckTenants(
    LimitRounds limits,
    LimitOrdering orders,
    MissingBackups missing,
    TrialOrdering trials,
    IOptions<LimitOptions> limitOptions,
    IOptions<UsageOptions> usage,
    IOptions<BackupOptions> backups,
    ILogger<CheckTenants> logger) : ITimerFunction
{
    private static readonly TimeSpan BackupPeriod = TimeSpan.FromMinutes(15);

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tick);
        // One kind of look that fails is not in the way of the others.
        var failures = new List<Exception>();
        await TryAsync(LookAtLimitsAsync);
        await TryAsync(LookForBackupsAsync);
        await TryAsync(StartTrialsAsync);
        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new AggregateException(failures);
        }

        async Task TryAsync(Func<DateTimeOffset, CancellationToken, Task> look)
        {
            try
            {
                await look(tick.ScheduledFor, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                failures.Add(failure);
            }
        }
    }

    private async Task LookAtLimitsAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        var options = limitOptions.Value;
        if (!options.Enabled)
        {
            return;
        }

        // A tenant that is measured once a day is not always too old to be judged.
        var maxAge = TimeSpan.FromTicks(Math.Max(options.MaxAge.Ticks, 2 * usage.Value.Interval.Ticks));
        var changed = await limits.RunAsync(new LimitTerms(options.Interval, maxAge, options.Action), moment, cancellationToken);
        var suspended = options.Action == LimitAction.Suspend ? await orders.SuspendAsync(maxAge, options.MostPerRound, cancellationToken) : 0;
        var opened = await orders.OpenAsync(options.MostPerRound, cancellationToken);
        if (changed + suspended + opened > 0)
        {
            Logs.LimitsCompared(logger, changed, suspended, opened);
        }
    }

    // Where somebody else sees to the plans' schedules, nobody here knows what is missing.
    private Task LookForBackupsAsync(DateTimeOffset moment, CancellationToken cancellationToken) =>
        backups.Value is { Enabled: true, Nightly: true, MissingAfter: var tolerance } && tolerance > TimeSpan.Zero
            ? missing.RunAsync(BackupPeriod, tolerance, moment, cancellationToken)
            : Task.CompletedTask;

    private async Task StartTrialsAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        if (backups.Value is not { Enabled: true, TrialInterval: var period } || period <= TimeSpan.Zero)
        {
            return;
        }

        if (await trials.StartAsync(period, backups.Value.TrialsAtOnce, moment, cancellationToken) is var started and > 0)
        {
            Logs.TrialsStarted(logger, started);
        }
    }
}
