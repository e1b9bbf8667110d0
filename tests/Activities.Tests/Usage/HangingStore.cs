using Bibind.Activities.FileStores;
using Bibind.Contracts;

namespace Bibind.Activities.Tests.Usage;

/// <summary>A file store on a file system that does not answer until it is let go.</summary>
internal sealed class HangingStore(ManualResetEventSlim hung) : IFileStore
{
    private readonly NoFileStore _none = new();
    private int _asked;

    public int Asked => _asked;

    public bool IsOn => true;

    public long Measure(TenantDescriptor place, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        hung.Wait(CancellationToken.None);
        return 7;
    }

    public Task<FileStoreCopied> CopyAsync(TenantDescriptor place, CancellationToken cancellationToken) => _none.CopyAsync(place, cancellationToken);

    public bool Remove(TenantDescriptor place, CancellationToken cancellationToken) => _none.Remove(place, cancellationToken);

    public void Make(CreateTemplateOrder order, string server) => _none.Make(order, server);

    public bool MarkStaged(CreateTemplateOrder order, string server) => _none.MarkStaged(order, server);

    public void Settle(CreateTemplateOrder order, string server) => _none.Settle(order, server);

    public void Settle(TenantDescriptor place) => _none.Settle(place);

    public string FolderOf(string server) => _none.FolderOf(server);

    public IReadOnlyList<string> FindMissing(string database, string server, IReadOnlyList<NamedFile> files, CancellationToken cancellationToken) =>
        _none.FindMissing(database, server, files, cancellationToken);

    public bool Remove(CreateTemplateOrder order, string server, CancellationToken cancellationToken) => _none.Remove(order, server, cancellationToken);

    public FileStoreInfo Look(CreateTemplateOrder order, string server) => _none.Look(order, server);

    public Task<bool> FillPoolAsync(PoolEntry entry, CancellationToken cancellationToken) => _none.FillPoolAsync(entry, cancellationToken);

    public bool RemovePool(PoolEntry entry) => _none.RemovePool(entry);

    public IReadOnlyList<string> ListPools(string server, string prefix) => _none.ListPools(server, prefix);

    public FileStoreInfo Look(TenantDescriptor place) => _none.Look(place);

    public void Adopt(TenantDescriptor place) => _none.Adopt(place);

    public IEnumerable<StoredFile> List(TenantDescriptor place) => _none.List(place);

    public FileStream? Open(TenantDescriptor place, string name) => _none.Open(place, name);

    public void BeginReplacement(TenantDescriptor place, bool replace) => _none.BeginReplacement(place, replace);

    public Task AddAsync(TenantDescriptor place, StoredFile file, Stream content, CancellationToken cancellationToken) =>
        _none.AddAsync(place, file, content, cancellationToken);

    public void CompleteReplacement(TenantDescriptor place) => _none.CompleteReplacement(place);

    public void Swap(TenantDescriptor place) => _none.Swap(place);

    public void DropReplacement(TenantDescriptor place) => _none.DropReplacement(place);
}
