using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Templates;

/// <summary>The file store of a template, which the application fills while it initialises the database.</summary>
public sealed class TemplateFiles(IFileStore files, IServerDirectory servers)
{
    private const int ShownAtMost = 3;

    /// <summary>Makes it, empty and marked as the template's, so that an undo knows it; does nothing where there are no file stores.</summary>
    public async Task MakeAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (files.IsOn)
        {
            files.Make(order, (await servers.GetConnectionAsync(order.ServerId, cancellationToken)).Code);
        }
    }

    /// <summary>Makes it anew, empty.</summary>
    public async Task MakeAnewAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        // One that is not ours is refused where it is made.
        await RemoveAsync(order, cancellationToken);
        await MakeAsync(order, cancellationToken);
    }

    /// <summary>Gives what a program of ours wrote into it to the application.</summary>
    public async Task SettleAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (files.IsOn)
        {
            files.Settle(order, (await servers.GetConnectionAsync(order.ServerId, cancellationToken)).Code);
        }
    }

    /// <summary>Why a template would lack files that its database names, with the remedy; null if it has them all.</summary>
    public async Task<string?> FindProblemAsync(long serverId, string database, IReadOnlyList<NamedFile> named, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(named);
        if (named.Count == 0)
        {
            return null;
        }

        if (!files.IsOn)
        {
            return $"The database '{database}' names {PlainText.Count(named.Count, "file")}, and no file stores are kept (FileStore__Provider is none): its tenants would lack them. "
                + "Set FileStore__Provider to folder and FileStore__Folder to the application's <data_dir>/filestore as this machine sees it.";
        }

        var server = (await servers.GetConnectionAsync(serverId, cancellationToken)).Code;
        var missing = files.FindMissing(database, server, named, cancellationToken);
        return missing.Count == 0 ? null
            : $"Of {PlainText.Count(named.Count, "file")} that the database '{database}' names, {missing.Count} {(missing.Count == 1 ? "is" : "are")} not whole in '{Path.Combine(files.FolderOf(server), database)}': "
                + $"{string.Join(", ", missing.Take(ShownAtMost))}{(missing.Count > ShownAtMost ? ", …" : string.Empty)}. "
                + "FileStore__Folder must be the <data_dir>/filestore of the application that made it.";
    }

    /// <summary>Removes it; succeeds when there is none.</summary>
    /// <returns>False if the name is borne by a store that is not ours.</returns>
    public async Task<bool> RemoveAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        return !files.IsOn || files.Remove(order, (await servers.GetConnectionAsync(order.ServerId, cancellationToken)).Code, cancellationToken);
    }
}
