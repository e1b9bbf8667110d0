using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.FileStores;

/// <summary>The application's files are somebody else's business.</summary>
public sealed class NoFileStore : IFileStore
{
    /// <inheritdoc/>
    public bool IsOn => false;

    /// <inheritdoc/>
    public Task<FileStoreCopied> CopyAsync(TenantDescriptor place, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public Task<bool> FillPoolAsync(PoolEntry entry, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public bool RemovePool(PoolEntry entry) => throw Off();

    /// <inheritdoc/>
    public IReadOnlyList<string> ListPools(string server, string prefix) => throw Off();

    /// <inheritdoc/>
    public bool Remove(TenantDescriptor place, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public void Make(CreateTemplateOrder order, string server) => throw Off();

    /// <inheritdoc/>
    public bool MarkStaged(CreateTemplateOrder order, string server) => throw Off();

    /// <inheritdoc/>
    public void Settle(CreateTemplateOrder order, string server) => throw Off();

    /// <inheritdoc/>
    public void Settle(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public string FolderOf(string server) => throw Off();

    /// <inheritdoc/>
    public IReadOnlyList<string> FindMissing(string database, string server, IReadOnlyList<NamedFile> files, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public bool Remove(CreateTemplateOrder order, string server, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public FileStoreInfo Look(CreateTemplateOrder order, string server) => throw Off();

    /// <inheritdoc/>
    public FileStoreInfo Look(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public void Adopt(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public IEnumerable<StoredFile> List(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public long Measure(TenantDescriptor place, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public FileStream? Open(TenantDescriptor place, string name) => throw Off();

    /// <inheritdoc/>
    public void BeginReplacement(TenantDescriptor place, bool replace) => throw Off();

    /// <inheritdoc/>
    public Task AddAsync(TenantDescriptor place, StoredFile file, Stream content, CancellationToken cancellationToken) => throw Off();

    /// <inheritdoc/>
    public void CompleteReplacement(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public void Swap(TenantDescriptor place) => throw Off();

    /// <inheritdoc/>
    public void DropReplacement(TenantDescriptor place) => throw Off();

    // A job that began while there was one.
    private static PermanentFailureException Off() => new("The job needs the file store that it began with, and FileStore__Provider is none now.");
}
