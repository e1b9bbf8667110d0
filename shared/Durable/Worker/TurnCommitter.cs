using System.Threading.Channels;
using Bibind.Durable.Execution;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>A turn that waits for its commit.</summary>
/// <param name="Session">Whose turn it is.</param>
/// <param name="Commit">What it changes.</param>
/// <param name="Inputs">What it consumes.</param>
/// <param name="Claimed">Activities that this worker runs as soon as they are committed.</param>
internal sealed record PendingTurn(
    InstanceSession Session, TurnCommit Commit, IReadOnlyList<TurnInput> Inputs, IReadOnlyList<LeasedActivity> Claimed)
{
    /// <summary>Timestamp from before its commit, which the leases of what it claims begin with.</summary>
    public long CommittingSince { get; set; }

    /// <summary>True if the session ends with the commit.</summary>
    public bool Closes => Commit.ReleasesLease || Commit.Update is { Ended: true };
}

/// <summary>
/// Commits turns in groups: what is ready while a commit is under way shares the next one. A group that fails is
/// committed turn by turn, so that one bad turn harms no other.
/// </summary>
internal sealed class TurnCommitter(WorkerContext worker, ISessionCoordinator sessions)
{
    private readonly Channel<PendingTurn> _pending = Channel.CreateUnbounded<PendingTurn>();
    private Task _loops = Task.CompletedTask;

    public void Start() =>
        _loops = Task.WhenAll(Enumerable.Range(0, worker.Options.MaxConcurrentCommits).Select(_ => Task.Run(CommitAsync)));

    public void Add(PendingTurn turn) => _pending.Writer.TryWrite(turn);

    /// <summary>Commits what is there and ends.</summary>
    public Task StopAsync()
    {
        _pending.Writer.TryComplete();
        return _loops;
    }

    private async Task CommitAsync()
    {
        var group = new List<PendingTurn>(worker.Options.MaxTurnsPerCommit);
        while (await _pending.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < worker.Options.MaxTurnsPerCommit && _pending.Reader.TryRead(out var turn))
            {
                group.Add(turn);
            }

            if (group.Count > 0)
            {
                await CommitAsync(group);
            }
        }
    }

    private async Task CommitAsync(List<PendingTurn> group)
    {
        try
        {
            await TryCommitAsync(group);
        }
        catch (Exception reason) when (group.Count == 1)
        {
            // The outcome may be unknown. If it was stored after all, reading the instance afresh finds it so.
            sessions.FailTurn(group[0], reason);
        }
        catch (Exception)
        {
            foreach (var turn in group)
            {
                await CommitAsync([turn]);
            }
        }
    }

    private async Task TryCommitAsync(List<PendingTurn> group)
    {
        var commits = group.Select(t => t.Commit).ToArray();
        await worker.Interceptor.BeforeCommitAsync(commits);
        var since = worker.Time.GetTimestamp();
        await worker.Hub.CommitAsync(commits, CancellationToken.None);
        await worker.Interceptor.AfterCommitAsync(commits);
        foreach (var turn in group)
        {
            turn.CommittingSince = since;
            sessions.EndTurn(turn);
        }
    }
}
