namespace Bibind.ControlPlane.Databases;

/// <summary>Knows which databases are ours: those whose server and number are in it, and no others.</summary>
public interface IDatabaseRegister
{
    /// <summary>What is known of a holder on a server.</summary>
    Task<KnownDatabases> ListAsync(long serverId, DatabaseHolder holder, CancellationToken cancellationToken);

    /// <summary>The database with this number, whosever it is; null if it is not ours.</summary>
    Task<KnownDatabase?> FindAsync(long serverId, uint oid, CancellationToken cancellationToken);

    /// <summary>Templates' databases that have, or should have, this name.</summary>
    Task<IReadOnlyList<KnownDatabase>> FindTemplatesAsync(long serverId, string name, CancellationToken cancellationToken);

    /// <summary>Records a database, or what has changed about it. What was not recognised under its name is forgotten.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">It is recorded as somebody else's.</exception>
    Task RecordAsync(KnownDatabase known, CancellationToken cancellationToken);

    /// <summary>Forgets a database that is gone; does nothing if it is not known.</summary>
    Task ForgetAsync(long serverId, uint oid, CancellationToken cancellationToken);

    /// <summary>Forgets what a holder had under a name and was never recognised: there is nothing of that name any more.</summary>
    Task ForgetUnrecognisedAsync(long serverId, DatabaseHolder holder, string name, CancellationToken cancellationToken);

    /// <summary>Databases of an older installation that nobody has looked for on the server.</summary>
    Task<IReadOnlyList<UnseenDatabase>> ListUnseenAsync(long serverId, CancellationToken cancellationToken);

    /// <summary>Ends the look for a database of an older installation, once and for all.</summary>
    /// <param name="unseen">The database.</param>
    /// <param name="oid">Its number; null if it was not recognised.</param>
    /// <param name="isThere">True if something of that name is there.</param>
    /// <param name="restored">What its mark says that it was restored by.</param>
    /// <param name="contentHash">What its mark says of its content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task SettleAsync(UnseenDatabase unseen, uint? oid, bool isThere, string? restored, string? contentHash, CancellationToken cancellationToken);
}
