using System.Globalization;
using Bibind.Activities.Registration;
using Bibind.Durable;
using Bibind.Durable.Worker;

namespace Bibind.Functions.Settings;

/// <summary>How the durable worker works; where nothing else is said, the defaults are the worker's own.</summary>
/// <param name="LeaseDuration">How long another worker waits before it takes over after a crash.</param>
/// <param name="PollInterval">How often the hub is asked when nothing hints at work.</param>
/// <param name="MaxConcurrentActivities">Effects under way at once.</param>
/// <param name="MaxConcurrentActivitiesPerTenant">Effects under way at once for one tenant.</param>
/// <param name="ActivityLimits">Effects of one name under way at once on all machines together.</param>
public sealed record WorkerSettings(
    TimeSpan LeaseDuration,
    TimeSpan PollInterval,
    int MaxConcurrentActivities,
    int MaxConcurrentActivitiesPerTenant,
    IReadOnlyDictionary<string, int> ActivityLimits)
{
    // With more clones at once a server is slower at everything else, the doors' own database included. A dump takes a processor, and so does a
    // restore, which builds every index again on the tenants' own server; a trial does the same, and nobody waits for it.
    private const string DefaultLimits = "database.clone=8, backup.take=2, backup.restore=2, backup.verify=1";

    /// <summary>The names of all activities.</summary>
    internal static IReadOnlyList<string> KnownActivities { get; } = [.. new TaskRegistry().AddActivities().ActivityNames.Order(StringComparer.Ordinal)];

    internal static WorkerSettings Read(SettingsReader reader)
    {
        var defaults = new TaskHubWorkerOptions();
        return new WorkerSettings(
            reader.Duration("Worker:LeaseDuration", defaults.LeaseDuration),
            reader.Duration("Worker:PollInterval", defaults.PollInterval),
            reader.Number("Worker:MaxConcurrentActivities", defaults.MaxConcurrentActivities),
            reader.Number("Worker:MaxConcurrentActivitiesPerTenant", 8),
            ReadLimits(reader));
    }

    internal void Configure(TaskHubWorkerOptions options)
    {
        options.LeaseDuration = LeaseDuration;
        options.PollInterval = PollInterval;
        options.MaxConcurrentActivities = MaxConcurrentActivities;
        options.MaxConcurrentActivitiesPerOwner = MaxConcurrentActivitiesPerTenant;
        options.OwnerTag = "tenant";
        foreach (var (name, limit) in ActivityLimits)
        {
            options.ActivityLimits[name] = limit;
        }
    }

    private static Dictionary<string, int> ReadLimits(SettingsReader reader)
    {
        const string Key = "Worker:ActivityLimits";
        var limits = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in (reader.Optional(Key) ?? DefaultLimits).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=', StringSplitOptions.TrimEntries) is not [var name, var number]
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) || limit < 1)
            {
                reader.Report(Key, $"has '{part}': write activities and whole numbers above 0, such as {DefaultLimits}.");
            }
            else if (!KnownActivities.Contains(name))
            {
                reader.Report(Key, $"names '{name}', which is no activity: choose from {string.Join(", ", KnownActivities)}.");
            }
            else
            {
                limits[name] = limit;
            }
        }

        return limits;
    }
}
