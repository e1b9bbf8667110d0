using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.FileStores;

/// <summary>Removes a tenant's files; a store that is not ours is never touched.</summary>
public sealed class RemoveFileStore(IFileStore files, ILogger<RemoveFileStore> logger) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        if (!files.Remove(place, context.CancellationToken))
        {
            logger.ForeignFileStoreLeft(place.Database, place.ServerCode);
        }

        return Task.FromResult(Unit.Value);
    }
}
