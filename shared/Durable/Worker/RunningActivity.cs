using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>What is logged while an activity runs, by whomever, carries whose work it is.</summary>
internal sealed class ActivityScope(LeasedActivity activity) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("InstanceId", activity.InstanceId),
        1 => new("Activity", activity.Scheduled.Name),
        _ => new("Attempt", activity.Scheduled.Attempt),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{activity.InstanceId} {activity.Scheduled.Name}#{activity.Scheduled.Attempt}";
}

/// <summary>An activity that runs here.</summary>
/// <param name="activity">What runs.</param>
/// <param name="session">The session that it keeps open; null for none.</param>
/// <param name="cancellation">Cancels it.</param>
/// <param name="leasedAt">Timestamp at which its lease had not begun yet.</param>
internal sealed class RunningActivity(LeasedActivity activity, InstanceSession? session, CancellationTokenSource cancellation, long leasedAt)
{
    private long _leasedAt = leasedAt;

    public LeasedActivity Activity { get; } = activity;

    public InstanceSession? Session { get; } = session;

    public CancellationTokenSource Cancellation { get; } = cancellation;

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>A timestamp at which the lease, as it was renewed last, had not begun yet: it lasts longer than from then on.</summary>
    public long LeasedAt
    {
        get => Volatile.Read(ref _leasedAt);
        set => Volatile.Write(ref _leasedAt, value);
    }

    public volatile bool IsLost;

    /// <summary>Its lease is another worker's.</summary>
    public void Lose()
    {
        IsLost = true;
        try
        {
            Cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended at this moment.
        }
    }
}
