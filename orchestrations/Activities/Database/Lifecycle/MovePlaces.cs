using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Where the tenant of a move is and will be, and where a copy of it is.</summary>
public sealed class MovePlaces(TenantStore tenants, IServerDirectory servers, IFileStore files)
{
    /// <summary>Both places of a move that has begun.</summary>
    public async Task<MoveBegun> OfAsync(TenantMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        var source = await AtAsync(move, move.SourceServerId, move.JobId, cancellationToken);
        var target = await AtAsync(move, move.TargetServerId!.Value, move.JobId, cancellationToken);
        return new MoveBegun { Source = source, Target = target, SharesFiles = ShareFiles(source.ServerCode, target.ServerCode), WasSuspended = move.WasSuspended };
    }

    /// <summary>The copy that a move left; without a place if none is left.</summary>
    /// <exception cref="PermanentFailureException">What it names is where the tenant lives.</exception>
    public async Task<MovedCopy> CopyOfAsync(TenantMove move, string jobId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        if (move.CopyServerId is not { } server)
        {
            return new MovedCopy(null, false);
        }

        var lives = await tenants.GetPlaceAsync(move.TenantId, jobId, cancellationToken);
        return lives.ServerId == server
            ? throw new PermanentFailureException($"Server '{lives.ServerCode}' is where tenant '{lives.Code}' lives: what is there is no copy, and was left as it is.")
            : await CopyAtAsync(move, server, lives, cancellationToken);
    }

    private async Task<MovedCopy> CopyAtAsync(TenantMove move, long serverId, TenantDescriptor lives, CancellationToken cancellationToken)
    {
        var place = await AtAsync(move, serverId, lives.JobId, cancellationToken);
        return new MovedCopy(place, ShareFiles(lives.ServerCode, place.ServerCode));
    }

    private async Task<TenantDescriptor> AtAsync(TenantMove move, long serverId, string jobId, CancellationToken cancellationToken)
    {
        var place = await tenants.GetPlaceAsync(move.TenantId, jobId, cancellationToken);
        var server = await servers.GetConnectionAsync(serverId, cancellationToken);
        return place with { ServerId = serverId, ServerCode = server.Code, HasFileStore = files.IsOn };
    }

    private bool ShareFiles(string one, string other) =>
        files.IsOn && string.Equals(Path.GetFullPath(files.FolderOf(one)), Path.GetFullPath(files.FolderOf(other)), StringComparison.Ordinal);
}
