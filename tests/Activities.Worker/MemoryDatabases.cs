using System.Collections.Concurrent;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;

namespace Bibind.Activities.Worker;

/// <summary>Which databases are ours, in memory.</summary>
public sealed class MemoryDatabases : IDatabaseRegister
{
    private long _lastUnseen;

    public ConcurrentDictionary<uint, KnownDatabase> Known { get; } = new();

    /// <summary>What was not recognised.</summary>
    public ConcurrentDictionary<string, KnownDatabase> Unrecognised { get; } = new();

    public ConcurrentDictionary<long, (UnseenDatabase Row, DatabaseHolder Holder)> Unseen { get; } = new();

    /// <summary>Ends what follows before a database is recorded, as a kill would; the next is recorded.</summary>
    public string? KilledBeforeRecording { get; set; }

    /// <summary>Ends what follows before a database is forgotten.</summary>
    public string? KilledBeforeForgetting { get; set; }

    public void AddUnseen(string name, string? mark, string owner, DatabaseHolder holder, string purpose = DatabasePurposes.Current)
    {
        var id = Interlocked.Increment(ref _lastUnseen);
        Unseen[id] = (new UnseenDatabase(id, name, mark, owner, holder.TemplateId is not null, purpose), holder);
    }

    public Task<KnownDatabases> ListAsync(long serverId, DatabaseHolder holder, CancellationToken cancellationToken) =>
        Task.FromResult(new KnownDatabases([.. Known.Values.Concat(Unrecognised.Values).Where(d => d.Holder == holder)], !Unseen.IsEmpty));

    public Task<KnownDatabase?> FindAsync(long serverId, uint oid, CancellationToken cancellationToken) => Task.FromResult(Known.GetValueOrDefault(oid));

    public Task<IReadOnlyList<KnownDatabase>> FindTemplatesAsync(long serverId, string name, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<KnownDatabase>>([.. Known.Values.Where(d => d.Name == name && d.Holder.TemplateId is not null)]);

    public Task RecordAsync(KnownDatabase known, CancellationToken cancellationToken)
    {
        if (KilledBeforeRecording is { } purpose && purpose == known.Purpose)
        {
            KilledBeforeRecording = null;
            throw new TransientFailureException("killed before it was recorded");
        }

        Known.AddOrUpdate(
            known.Oid!.Value,
            known,
            (_, there) => there.Holder == known.Holder ? known : throw new PermanentFailureException($"The database '{known.Name}' is recorded as somebody else's."));
        Unrecognised.TryRemove(known.Name, out _);
        return Task.CompletedTask;
    }

    public Task ForgetAsync(long serverId, uint oid, CancellationToken cancellationToken)
    {
        if (KilledBeforeForgetting is { } purpose && Known.TryGetValue(oid, out var known) && purpose == known.Purpose)
        {
            KilledBeforeForgetting = null;
            throw new TransientFailureException("killed before it was forgotten");
        }

        Known.TryRemove(oid, out _);
        return Task.CompletedTask;
    }

    public Task ForgetUnrecognisedAsync(long serverId, DatabaseHolder holder, string name, CancellationToken cancellationToken)
    {
        Unrecognised.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<UnseenDatabase>> ListUnseenAsync(long serverId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UnseenDatabase>>([.. Unseen.Values.Select(u => u.Row)]);

    public Task SettleAsync(
        UnseenDatabase unseen, uint? oid, bool isThere, string? restored, string? contentHash, CancellationToken cancellationToken)
    {
        if (!Unseen.TryRemove(unseen.Id, out var removed))
        {
            return Task.CompletedTask;
        }

        var known = new KnownDatabase
        {
            ServerId = 1,
            Oid = oid,
            Name = unseen.Name,
            Holder = removed.Holder,
            Purpose = unseen.Purpose,
            Restored = restored,
            ContentHash = contentHash,
        };
        if (oid is { } number)
        {
            Known[number] = known;
        }
        else if (isThere && !unseen.IsTemplate && unseen.Purpose == DatabasePurposes.Current)
        {
            Unrecognised[unseen.Name] = known;
        }

        return Task.CompletedTask;
    }
}
