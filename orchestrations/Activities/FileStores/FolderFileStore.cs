using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using static Bibind.Activities.FileStores.FileStoreErrors;

namespace Bibind.Activities.FileStores;

/// <summary>
/// File stores in Odoo's own folder: <c>{folder}/{database}/{2 hex}/{SHA-1}</c>. Odoo writes such a file only if it is
/// not there and never changes it, so a hard link is as good as a copy; anything of another name is copied.
/// </summary>
internal sealed class FolderFileStore(IOptions<FileStoreOptions> options, ILogger<FolderFileStore> logger) : IFileStore
{
    private const int MostRounds = 5;

    public bool IsOn => true;

    public Task<FileStoreCopied> CopyAsync(TenantDescriptor place, CancellationToken cancellationToken) => TranslateErrorsAsync(place.Database, async () =>
    {
        var store = Store(place);
        var isThere = IsThere(store);
        if (isThere)
        {
            // Of another delivery of this step, which came too late for the name.
            StoreFolder.Delete(store.New);
        }
        else
        {
            await LeaseFence.EnsureHeldAsync();
            if (place.Pooled is not { HasFiles: true } pooled || !PoolFolders.TryTake(Root(place.ServerCode), pooled.Database, store))
            {
                await CopyAsync(store, place.TemplateDatabase, cancellationToken);
            }
        }

        var (files, bytes) = Count(store.Final);
        logger.FileStoreCopied(place.Database, place.TemplateDatabase, files, bytes);
        return new FileStoreCopied(files, bytes, isThere);
    });

    public bool Remove(TenantDescriptor place, CancellationToken cancellationToken) => TranslateErrors(place.Database, () =>
    {
        if (place.Pooled is { HasFiles: true } pooled)
        {
            PoolFolders.Remove(Root(place.ServerCode), pooled.Database);
        }

        return Remove(Store(place), cancellationToken);
    });

    public Task<bool> FillPoolAsync(PoolEntry entry, CancellationToken cancellationToken) => TranslateErrorsAsync(
        entry.Database, () => PoolFolders.FillAsync(Root(entry.ServerCode), entry, logger, cancellationToken));

    public bool RemovePool(PoolEntry entry) => TranslateErrors(entry.Database, () => PoolFolders.Remove(Root(entry.ServerCode), entry.Database));

    public IReadOnlyList<string> ListPools(string server, string prefix) => TranslateErrors(prefix, () => PoolFolders.List(Root(server), prefix));

    public void Make(CreateTemplateOrder order, string server) => TranslateErrors(order.Database, () =>
    {
        var store = StoreFolder.Of(Root(server), order);
        if (!IsThere(store))
        {
            store.Make(store.New);
            store.WriteMark(store.New, flush: false);
            store.Rename(store.New, store.Final);
        }

        return true;
    });

    public bool MarkStaged(CreateTemplateOrder order, string server) => TranslateErrors(order.Database, () =>
    {
        var store = StoreFolder.Of(Root(server), order);
        if (!Directory.Exists(store.Staged))
        {
            return false;
        }

        if (IsThere(store))
        {
            // Of an earlier attempt of this template: the application would not put the new files in its place.
            StoreFolder.Delete(store.Final);
        }

        store.WriteMark(store.Staged, flush: false);
        return true;
    });

    public void Settle(CreateTemplateOrder order, string server) => TranslateErrors(order.Database, () => Settle(StoreFolder.Of(Root(server), order)));

    public void Settle(TenantDescriptor place) => TranslateErrors(place.Database, () => Settle(Store(place)));

    public string FolderOf(string server) => Root(server);

    public IReadOnlyList<string> FindMissing(string database, string server, IReadOnlyList<NamedFile> files, CancellationToken cancellationToken) =>
        TranslateErrors(database, () => StoreCheck.FindMissing(Path.Combine(Root(server), database), files, cancellationToken));

    public bool Remove(CreateTemplateOrder order, string server, CancellationToken cancellationToken) => TranslateErrors(order.Database, () =>
    {
        var store = StoreFolder.Of(Root(server), order);
        StoreFolder.Delete(store.Staged);
        return Remove(store, cancellationToken);
    });

    public FileStoreInfo Look(CreateTemplateOrder order, string server) => TranslateErrors(order.Database, () => Look(StoreFolder.Of(Root(server), order)));

    public FileStoreInfo Look(TenantDescriptor place) => TranslateErrors(place.Database, () =>
        place.Pooled is { HasFiles: true } pooled && PoolFolders.IsThere(Root(place.ServerCode), pooled.Database) ? FileStoreInfo.Ours : Look(Store(place)));

    public void Adopt(TenantDescriptor place) => TranslateErrors(place.Database, () =>
    {
        var store = Store(place);
        if (store.IsUnmarked())
        {
            store.WriteMark(store.Final, flush: false);
        }
        else if (store.Look() == FileStoreInfo.Foreign)
        {
            throw Foreign(store);
        }

        return true;
    });

    public IEnumerable<StoredFile> List(TenantDescriptor place) => TranslateErrors(place.Database, () => StoreFolder.Files(Store(place).Final));

    public long Measure(TenantDescriptor place, CancellationToken cancellationToken) => TranslateErrors(
        place.Database, () => StoreFolder.Sizes(Store(place).Final).TakeWhile(_ => !cancellationToken.IsCancellationRequested).Sum());

    public FileStream? Open(TenantDescriptor place, string name) => TranslateErrors(place.Database, () => UnixFiles.OpenPlain(Store(place).Final, Safe(name)));

    public void BeginReplacement(TenantDescriptor place, bool replace) => TranslateErrors(place.Database, () =>
    {
        var store = Store(place);
        if (replace ? store.Look() == FileStoreInfo.Foreign && !store.IsUnmarked() : store.Look() != FileStoreInfo.Absent)
        {
            throw Foreign(store);
        }

        StoreFolder.Delete(store.Restoring);
        StoreFolder.Delete(store.Ready);
        store.Make(store.Restoring);
        return true;
    });

    public Task AddAsync(TenantDescriptor place, StoredFile file, Stream content, CancellationToken cancellationToken) => TranslateErrorsAsync(place.Database, async () =>
    {
        var store = Store(place);
        await store.WriteAsync(store.Restoring, file with { Name = Safe(file.Name) }, content, cancellationToken);
        return true;
    });

    public void CompleteReplacement(TenantDescriptor place) => TranslateErrors(place.Database, () =>
    {
        var store = Store(place);
        store.WriteMark(store.Restoring, flush: true);
        store.Rename(store.Restoring, store.Ready);
        return true;
    });

    public void Swap(TenantDescriptor place) => TranslateErrors(place.Database, () =>
    {
        var store = Store(place);
        if (Directory.Exists(store.Ready))
        {
            if (Directory.Exists(store.Final))
            {
                // What is under the former name was replaced by an earlier job; what this one replaces is still in its place.
                StoreFolder.Delete(store.Former);
                store.Rename(store.Final, store.Former);
                logger.FileStoreSetAside(place.Database);
            }

            store.Rename(store.Ready, store.Final);
        }

        StoreFolder.Delete(store.Former);
        return true;
    });

    public void DropReplacement(TenantDescriptor place) => TranslateErrors(place.Database, () =>
    {
        var store = Store(place);
        StoreFolder.Delete(store.Restoring);
        return StoreFolder.Delete(store.Ready);
    });

    // Links are on the disk with the renaming; content that was copied, now or by an attempt that died, is not.
    private async Task CopyAsync(StoreFolder store, string database, CancellationToken cancellationToken)
    {
        var template = store.Beside(database);
        if (!Directory.Exists(template))
        {
            logger.TemplateWithoutFiles(database, template);
        }

        await StoreCopy.RunAsync(store, template, cancellationToken);
        await LeaseFence.EnsureHeldAsync();
        store.Rename(store.New, store.Final);
    }

    private static bool Remove(StoreFolder store, CancellationToken cancellationToken)
    {
        // Until nothing is found: an attempt that is taken for dead may still be making one of them.
        for (var round = 0; round < MostRounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = DropUnseen(store);
            var sight = store.Look();
            if (sight == FileStoreInfo.Ours)
            {
                // Renamed first: a store that is half deleted must not be taken for a whole one.
                store.Rename(store.Final, store.Former);
                StoreFolder.Delete(store.Former);
                found = true;
            }

            if (!found)
            {
                return sight == FileStoreInfo.Absent;
            }
        }

        throw new TransientFailureException($"The file store of '{store.Name}' is being made while it is removed.");
    }

    private static bool Settle(StoreFolder store)
    {
        if (store.Look() == FileStoreInfo.Ours)
        {
            store.GiveAll();
        }

        return true;
    }

    private static FileStoreInfo Look(StoreFolder store) =>
        new[] { store.New, store.Staged, store.Restoring, store.Ready, store.Former }.Any(Directory.Exists) ? FileStoreInfo.Ours : store.Look();

    private static bool IsThere(StoreFolder store) => store.Look() switch
    {
        FileStoreInfo.Ours => true,
        FileStoreInfo.Foreign => throw Foreign(store),
        _ => false,
    };

    private static bool DropUnseen(StoreFolder store)
    {
        var found = false;
        foreach (var folder in new[] { store.New, store.Restoring, store.Ready, store.Former })
        {
            found |= StoreFolder.Delete(folder);
        }

        return found;
    }

    private static (long Files, long Bytes) Count(string folder)
    {
        var (files, bytes) = (0L, 0L);
        foreach (var file in StoreFolder.Files(folder))
        {
            var there = new FileInfo(Path.Combine(folder, file.Name));
            (files, bytes) = there.Exists ? (files + 1, bytes + there.Length) : (files, bytes);
        }

        return (files, bytes);
    }

    private static string Safe(string name) =>
        StoreNames.IsSafe(name) ? name : throw new PermanentFailureException("A file of the store has a name that could lead out of it.");

    private static PermanentFailureException Foreign(StoreFolder store) =>
        new($"A file store named '{store.Name}' is already there ('{store.Final}') and is not ours; it was left as it is. Move it away, or delete it.");

    private StoreFolder Store(TenantDescriptor place) => StoreFolder.Of(Root(place.ServerCode), place);

    private string Root(string server) => options.Value.FolderOf(server);
}
