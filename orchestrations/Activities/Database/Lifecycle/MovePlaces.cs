using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Where the tenant of a move is and will be.</summary>
public sealed class MovePlaces(TenantStore tenants, CopyPlaces copies)
{
    /// <summary>Both places of a move that has begun.</summary>
    public async Task<MoveBegun> OfAsync(TenantMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        var tenant = await tenants.GetPlaceAsync(move.TenantId, move.JobId, cancellationToken);
        var source = await copies.AtAsync(tenant, move.SourceServerId, cancellationToken);
        var target = await copies.AtAsync(tenant, move.TargetServerId!.Value, cancellationToken);
        return new MoveBegun { Source = source, Target = target, SharesFiles = copies.ShareFiles(source, target), WasSuspended = move.WasSuspended };
    }

    /// <summary>The copy that a move left; without a place if none is left.</summary>
    /// <exception cref="PermanentFailureException">What it names is where the tenant lives.</exception>
    public async Task<MovedCopy> CopyOfAsync(TenantMove move, string jobId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        return move.CopyServerId is null
            ? new MovedCopy(null, false)
            : await copies.OfAsync(move, await tenants.GetPlaceAsync(move.TenantId, jobId, cancellationToken), cancellationToken);
    }
}

/// <summary>A tenant's place on a server that it does not live on.</summary>
public sealed class CopyPlaces(IServerDirectory servers, IFileStore files)
{
    /// <summary>The copy that a move left.</summary>
    /// <exception cref="PermanentFailureException">What it names is where the tenant lives.</exception>
    public async Task<MovedCopy> OfAsync(TenantMove move, TenantDescriptor lives, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        ArgumentNullException.ThrowIfNull(lives);
        if (lives.ServerId == move.CopyServerId)
        {
            throw new PermanentFailureException($"Server '{lives.ServerCode}' is where tenant '{lives.Code}' lives: what is there is no copy, and was left as it is.");
        }

        var place = await AtAsync(lives, move.CopyServerId!.Value, cancellationToken);
        return new MovedCopy(place, ShareFiles(lives, place));
    }

    /// <summary>The tenant as it is or would be on a server.</summary>
    public async Task<TenantDescriptor> AtAsync(TenantDescriptor tenant, long serverId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        var server = await servers.GetConnectionAsync(serverId, cancellationToken);
        return tenant with { ServerId = serverId, ServerCode = server.Code, HasFileStore = files.IsOn };
    }

    /// <summary>True if the servers of both places keep their files in one folder.</summary>
    public bool ShareFiles(TenantDescriptor one, TenantDescriptor other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return files.IsOn && string.Equals(Path.GetFullPath(files.FolderOf(one.ServerCode)), Path.GetFullPath(files.FolderOf(other.ServerCode)), StringComparison.Ordinal);
    }
}
