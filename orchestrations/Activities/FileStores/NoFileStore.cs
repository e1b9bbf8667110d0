using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.FileStores;

/// <summary>The application's files are somebody else's business.</summary>
internal sealed class NoFileStore : IFileStore
{
    public bool IsOn => false;

    public Task<FileStoreCopied> CopyAsync(TenantPlace place, CancellationToken cancellationToken) => throw Off();

    public bool Remove(TenantPlace place, CancellationToken cancellationToken) => throw Off();

    public FileStoreSight Look(TenantPlace place) => throw Off();

    public void Adopt(TenantPlace place) => throw Off();

    public IEnumerable<StoredFile> List(TenantPlace place) => throw Off();

    public FileStream? Open(TenantPlace place, string name) => throw Off();

    public void BeginReplacement(TenantPlace place, bool replace) => throw Off();

    public Task AddAsync(TenantPlace place, StoredFile file, Stream content, CancellationToken cancellationToken) => throw Off();

    public void CompleteReplacement(TenantPlace place) => throw Off();

    public void Swap(TenantPlace place) => throw Off();

    public void DropReplacement(TenantPlace place) => throw Off();

    // A job that began while there was one.
    private static PermanentFailureException Off() => new("The job needs the file store that it began with, and FileStore__Provider is none now.");
}
