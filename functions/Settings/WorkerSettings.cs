using Bibind.Durable.Worker;

namespace Bibind.Functions.Settings;

/// <summary>How the durable worker works; the defaults are the worker's own.</summary>
/// <param name="LeaseDuration">How long another worker waits before it takes over after a crash.</param>
/// <param name="PollInterval">How often the hub is asked when nothing hints at work.</param>
/// <param name="MaxConcurrentActivities">Effects under way at once.</param>
public sealed record WorkerSettings(TimeSpan LeaseDuration, TimeSpan PollInterval, int MaxConcurrentActivities)
{
    internal static WorkerSettings Read(SettingsReader reader)
    {
        var defaults = new TaskHubWorkerOptions();
        return new WorkerSettings(
            reader.Duration("Worker:LeaseDuration", defaults.LeaseDuration, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            reader.Duration("Worker:PollInterval", defaults.PollInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
            reader.Number("Worker:MaxConcurrentActivities", defaults.MaxConcurrentActivities, 1, 10_000));
    }

    internal void Configure(TaskHubWorkerOptions options)
    {
        options.LeaseDuration = LeaseDuration;
        options.PollInterval = PollInterval;
        options.MaxConcurrentActivities = MaxConcurrentActivities;
    }
}
