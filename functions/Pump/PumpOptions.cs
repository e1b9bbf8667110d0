using Bibind.Functions.Settings;

namespace Bibind.Functions.Pump;

/// <summary>Settings <c>Pump:*</c>: how orchestrations run where no process lives on.</summary>
public sealed class PumpOptions
{
    public const string Section = "Pump";

    /// <summary>
    /// How often an activity may be given back because the time was up; then it fails and says so, for it would begin anew
    /// for ever.
    /// </summary>
    public const int MaxActivityAbandons = 5;

    /// <summary>How long one run of the pump works at most; a host that ends calls earlier wins.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromMinutes(4);

    /// <summary>What is kept of a call's time to hand over what is left.</summary>
    public TimeSpan Reserve { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long running activities may go on when the time is up; then they are given back and begin anew.</summary>
    public TimeSpan ActivityGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the schedule runs the pump. A later timer needs no wake-up of its own.</summary>
    public TimeSpan SchedulePeriod { get; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Activities, separated by commas, that the pump leaves to a self-hosted worker on the same control database, because
    /// they may take longer than a call lasts.
    /// </summary>
    public string LeftToWorkers { get; set; } = string.Empty;

    /// <summary>The names in <see cref="LeftToWorkers"/>.</summary>
    public IReadOnlyList<string> LeftActivities =>
        LeftToWorkers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    internal static PumpOptions Read(SettingsReader reader)
    {
        var defaults = new PumpOptions();
        var options = new PumpOptions
        {
            Limit = reader.Duration("Pump:Limit", defaults.Limit),
            Reserve = reader.Duration("Pump:Reserve", defaults.Reserve),
            ActivityGrace = reader.Duration("Pump:ActivityGrace", defaults.ActivityGrace),
            LeftToWorkers = reader.Optional("Pump:LeftToWorkers") ?? string.Empty,
        };
        foreach (var unknown in options.LeftActivities.Where(name => !WorkerSettings.KnownActivities.Contains(name)))
        {
            reader.Report("Pump:LeftToWorkers", $"names '{unknown}', which is no activity: choose from {string.Join(", ", WorkerSettings.KnownActivities)}.");
        }

        if (options.ActivityGrace >= options.Limit)
        {
            reader.Report("Pump:ActivityGrace", "must be shorter than Pump__Limit.");
        }

        return options;
    }
}
