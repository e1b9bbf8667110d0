namespace Bibind.Durable.Worker;

/// <summary>How a worker works.</summary>
public sealed class TaskHubWorkerOptions
{
    /// <summary>The worker's name in the hub, for people; machine, process and a random part unless given.</summary>
    public string Name { get; set; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("n")[..6]}";

    /// <summary>Instances held at once: those with a turn or an activity in this process.</summary>
    public int MaxHeldInstances { get; set; } = 1000;

    /// <summary>Turns run at once.</summary>
    public int MaxConcurrentTurns { get; set; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Activities run at once.</summary>
    public int MaxConcurrentActivities { get; set; } = 64;

    /// <summary>
    /// Activities of one name that run at once in all workers of the hub together, by name; the others are not limited.
    /// For effects that would be in each other's way, however many machines there are.
    /// </summary>
    public IDictionary<string, int> ActivityLimits { get; } = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The tag of an orchestration that says who it works for. Owners get activities run in turn; null for no owners.</summary>
    public string? OwnerTag { get; set; }

    /// <summary>Activities of one owner that this worker runs at once.</summary>
    public int MaxConcurrentActivitiesPerOwner { get; set; } = int.MaxValue;

    /// <summary>How long a lease lasts unless renewed; another worker takes over at most this long after a crash.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often leases are renewed.</summary>
    internal TimeSpan RenewalInterval => LeaseDuration / 3;

    /// <summary>A lease of this age needs no asking: a renewal is not overdue yet, and what is left of it is time for an effect.</summary>
    internal TimeSpan FreshLease => LeaseDuration - RenewalInterval;

    /// <summary>How often the hub is asked for work when nothing hints at any.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long running activities may go on at shutdown before they are cancelled and given back.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Waiting instances kept in memory, so that their history need not be read and replayed again.</summary>
    public int CachedInstances { get; set; } = 500;

    /// <summary>Turns committed together at most.</summary>
    public int MaxTurnsPerCommit { get; set; } = 64;

    /// <summary>Commits under way at once.</summary>
    public int MaxConcurrentCommits { get; set; } = 2;

    /// <summary>The first wait before work that cannot be run here, or whose commit failed, is offered again; doubled up to one minute.</summary>
    public TimeSpan FirstBackoff { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Leases in a row that may end without a turn before the instance is quarantined.</summary>
    public int MaxAttemptsWithoutTurn { get; set; } = 5;

    /// <summary>Deliveries of an activity that may end without an answer before it is failed for good.</summary>
    public int MaxActivityDeliveries { get; set; } = 10;

    /// <summary>How often an activity may be given back at a shutdown before it is failed for good: it takes longer than workers here live.</summary>
    public int MaxActivityAbandons { get; set; } = int.MaxValue;

    /// <summary>How long the code of a turn may run; afterwards its instance is taken from it. The thread cannot be.</summary>
    public TimeSpan MaxTurnDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Turns that never yielded and still hold a thread: up to so many are replaced by fresh ones.</summary>
    public int MaxStuckTurns { get; set; } = 8;

    /// <summary>Which versions of orchestrations are run here; every one unless given.</summary>
    public VersioningOptions Versioning { get; set; } = new();
}
