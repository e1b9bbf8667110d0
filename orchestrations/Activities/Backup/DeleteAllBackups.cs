using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Deletes every backup of a tenant: first the objects, then what the catalogue knows of them, then their key.</summary>
public sealed class DeleteAllBackups(IObjectStore store, IBackupCatalogue catalogue, BackupDataKeys keys, IOptions<BackupOptions> options)
    : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        // It ends by itself: its database is gone by now, or nobody records it any more.
        if (await catalogue.IsFirstBeingTakenAsync(place.TenantId, context.CancellationToken))
        {
            throw new TransientFailureException($"The first backup of '{place.Code}' is still being taken.");
        }

        var bucket = options.Value.Bucket;
        var prefix = BackupKeys.Prefix(place);
        await store.DeleteAllAsync(bucket, prefix, context.CancellationToken);
        if ((await store.ListAsync(bucket, prefix, null, 1, context.CancellationToken)).Objects.Count > 0)
        {
            throw new TransientFailureException($"Backups of '{place.Code}' are still there after they were deleted.");
        }

        foreach (var backup in await catalogue.ListAsync(place.TenantId, context.CancellationToken))
        {
            await catalogue.DeleteAsync(backup.Id, context.CancellationToken);
        }

        await keys.ForgetAsync(place.TenantId, context.CancellationToken);
        return Unit.Value;
    }
}
