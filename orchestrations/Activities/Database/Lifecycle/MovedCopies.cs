using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>The copies that moves left of a tenant that is being removed: they go with it.</summary>
public sealed class MovedCopies(IMovedCopies moves, CopyPlaces places, DatabaseRemoval removal, IFileStore files)
{
    /// <summary>Removes them; succeeds when there are none.</summary>
    public async Task RemoveAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        foreach (var move in await moves.ListCopiesOfEndingAsync(place.TenantId, cancellationToken))
        {
            if (move.CopyServerId == place.ServerId)
            {
                // This is what is being removed.
                continue;
            }

            var copy = await places.OfAsync(move, place, cancellationToken);
            await removal.RunAsync(copy.Place!, cancellationToken);
            if (files.IsOn && !copy.SharesFiles)
            {
                files.Remove(copy.Place!, cancellationToken);
            }

            await moves.ForgetCopyAsync(move.Id, cancellationToken);
        }
    }
}
