using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.FileStores;

/// <summary>Gives the tenant a copy of its template's files.</summary>
public sealed class CopyFileStore(IFileStore files) : TaskActivity<TenantDescriptor, FileStoreCopied>
{
    /// <inheritdoc/>
    public override Task<FileStoreCopied> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        return files.CopyAsync(place, context.CancellationToken);
    }
}
