using Bibind.Contracts;

namespace Bibind.Activities.FileStores;

/// <summary>Keeps the files that an application stores beside its database, each tenant's under its database's name.</summary>
/// <remarks>
/// A store that is ours carries our mark, and appears under its name complete; one without the mark under a name that
/// we are about to give is somebody else's and never touched.
/// </remarks>
public interface IFileStore
{
    /// <summary>False where the installation leaves files to somebody else; nothing below may then be called.</summary>
    bool IsOn { get; }

    /// <summary>Gives the tenant a copy of its template's store; goes on where an earlier attempt stopped. A template without a store gives an empty one.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">There is a store of that name that is not ours.</exception>
    Task<FileStoreCopied> CopyAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Copies a template's files for a ready clone; goes on where an earlier attempt stopped.</summary>
    /// <returns>True: a file store goes with the clone.</returns>
    Task<bool> FillPoolAsync(PoolEntry entry, CancellationToken cancellationToken);

    /// <summary>Removes the files of a ready clone, finished or not.</summary>
    /// <returns>False if there were none.</returns>
    bool RemovePool(PoolEntry entry);

    /// <summary>The databases of a server's ready clones that have files, finished or not.</summary>
    /// <param name="server">The server's code.</param>
    /// <param name="prefix">How the names begin.</param>
    IReadOnlyList<string> ListPools(string server, string prefix);

    /// <summary>Removes the tenant's store, finished or not, and whatever a restore left; succeeds when there is nothing.</summary>
    /// <returns>False if there is a store of that name that is not ours, which was left alone.</returns>
    bool Remove(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Makes an empty store for a template that the application is about to fill; succeeds when it is there.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">There is a store of that name that is not this template's.</exception>
    void Make(CreateTemplateOrder order, string server);

    /// <summary>
    /// Marks as the template's what the application itself made under a name that only we use, before it gives it the final one; by
    /// then there must be nothing of that name.
    /// </summary>
    /// <returns>False if it made nothing here.</returns>
    bool MarkStaged(CreateTemplateOrder order, string server);

    /// <summary>Gives what a program of ours wrote into a template's store to the one whom the folder of all stores belongs to.</summary>
    void Settle(CreateTemplateOrder order, string server);

    /// <summary>Gives what a program of ours wrote into a tenant's store to the one whom the folder of all stores belongs to.</summary>
    void Settle(TenantDescriptor place);

    /// <summary>The folder that holds the stores of a server, each under its database's name.</summary>
    string FolderOf(string server);

    /// <summary>Which of the files that a database names are not in its store, or are not what their names say, with the reason each.</summary>
    IReadOnlyList<string> FindMissing(string database, string server, IReadOnlyList<NamedFile> files, CancellationToken cancellationToken);

    /// <summary>Removes a template's store; succeeds when there is none.</summary>
    /// <returns>False if there is a store of that name that is not ours, which was left alone.</returns>
    bool Remove(CreateTemplateOrder order, string server, CancellationToken cancellationToken);

    /// <summary>What is there of the template's version, finished or not.</summary>
    FileStoreInfo Look(CreateTemplateOrder order, string server);

    /// <summary>What is there of the tenant.</summary>
    FileStoreInfo Look(TenantDescriptor place);

    /// <summary>
    /// Makes the store of a tenant that works carry our mark, where the application made it itself because the
    /// installation did not keep file stores yet.
    /// </summary>
    void Adopt(TenantDescriptor place);

    /// <summary>The tenant's files, in no order; what appears meanwhile may be missing. None where there is no store.</summary>
    IEnumerable<StoredFile> List(TenantDescriptor place);

    /// <summary>Bytes of the tenant's files; what is shared with its template by links counts in full. 0 where there is no store.</summary>
    long Measure(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>A file's content; null if it is gone or is no plain file.</summary>
    FileStream? Open(TenantDescriptor place, string name);

    /// <summary>Begins a store that is to replace the tenant's, empty; one that an earlier attempt began is dropped.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">A store is there that is not to be replaced.</exception>
    void BeginReplacement(TenantDescriptor place, bool replace);

    /// <summary>Adds a file to the store that was begun.</summary>
    Task AddAsync(TenantDescriptor place, StoredFile file, Stream content, CancellationToken cancellationToken);

    /// <summary>Says that the store that was begun is complete, and makes sure that it is on the disk.</summary>
    void CompleteReplacement(TenantDescriptor place);

    /// <summary>Puts the complete store in the place of the tenant's; goes on where an earlier attempt stopped, and does nothing when there is none.</summary>
    void Swap(TenantDescriptor place);

    /// <summary>Drops the store that was begun or completed, if there is one.</summary>
    void DropReplacement(TenantDescriptor place);
}

/// <summary>A file in a store.</summary>
/// <param name="Name">Its path in the store, with slashes; for an attachment, <c>ir_attachment.store_fname</c>.</param>
/// <param name="WrittenAt">UTC.</param>
public sealed record StoredFile(string Name, DateTimeOffset WrittenAt);

/// <summary>What is there under a tenant's name.</summary>
public enum FileStoreInfo
{
    /// <summary>Nothing.</summary>
    Absent,

    /// <summary>A store that is the tenant's, or a part of one.</summary>
    Ours,

    /// <summary>A store without our mark, or with another's.</summary>
    Foreign,
}
