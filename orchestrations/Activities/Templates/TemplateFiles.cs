using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Templates;

/// <summary>The file store of a template, which the application fills while it initialises the database.</summary>
public sealed class TemplateFiles(IFileStore files, IServerDirectory servers)
{
    /// <summary>Makes it, empty and marked as the template's, so that an undo knows it; does nothing where there are no file stores.</summary>
    public async Task MakeAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (files.IsOn)
        {
            files.Make(order, (await servers.GetConnectionAsync(order.ServerId, cancellationToken)).Code);
        }
    }

    /// <summary>Removes it; succeeds when there is none.</summary>
    /// <returns>False if the name is borne by a store that is not ours.</returns>
    public async Task<bool> RemoveAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        return !files.IsOn || files.Remove(order, (await servers.GetConnectionAsync(order.ServerId, cancellationToken)).Code, cancellationToken);
    }
}
