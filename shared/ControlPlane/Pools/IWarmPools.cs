using Bibind.Contracts;

namespace Bibind.ControlPlane.Pools;

/// <summary>Keeps the rows of ready clones.</summary>
public interface IWarmPools
{
    /// <summary>The word in the names of this installation's pool databases, which no other installation has.</summary>
    Task<string> GetLabelAsync(CancellationToken cancellationToken);

    /// <summary>Decides what is to be made and dropped on a server, and writes it down first.</summary>
    /// <param name="serverId">The server.</param>
    /// <param name="limits">What it may cost.</param>
    /// <param name="seen">What the server has under our names; null where nobody has looked, so that nothing is concluded from what is not there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<WarmPoolPlan> PlanAsync(long serverId, WarmPoolLimits limits, SeenPoolDatabases? seen, CancellationToken cancellationToken);

    /// <summary>True while the entry is to be made.</summary>
    Task<bool> IsFillingAsync(long entryId, CancellationToken cancellationToken);

    /// <summary>A clone is complete. It can be taken from now on, or is to be dropped if its template has changed meanwhile.</summary>
    Task MarkReadyAsync(long entryId, long oid, long bytes, bool hasFiles, CancellationToken cancellationToken);

    /// <summary>A step failed: the entry comes again, each time later.</summary>
    Task PutOffAsync(long entryId, string reason, CancellationToken cancellationToken);

    /// <summary>Forgets an entry whose database and files are gone.</summary>
    Task ForgetAsync(long entryId, CancellationToken cancellationToken);
}

/// <summary>The databases that a server has under this installation's pool names.</summary>
/// <param name="At">When the server was asked, by the control plane's clock.</param>
/// <param name="Databases">Their names and numbers.</param>
public sealed record SeenPoolDatabases(DateTimeOffset At, IReadOnlyDictionary<string, long> Databases);
