using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>
/// Drops a tenant's database, finished or half made, and with a tenant that is removed what its moves left elsewhere; one that is not ours
/// is never touched, and named where it stands in the place of ours.
/// </summary>
public sealed class DropDatabase(DatabaseRemoval removal, MovedCopies copies) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await removal.RunAsync(place, context.CancellationToken);
        await copies.RemoveAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
