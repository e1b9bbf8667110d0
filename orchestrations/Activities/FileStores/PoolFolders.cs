using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.FileStores;

/// <summary>File stores of ready clones: <c>.bibind-{database}</c>, until an order takes them.</summary>
internal static class PoolFolders
{
    /// <summary>Copies the template's files; the store appears under its name complete.</summary>
    public static async Task<bool> FillAsync(string root, PoolEntry entry, ILogger logger, CancellationToken cancellationToken)
    {
        var store = StoreFolder.OfPool(root, entry.Database);
        if (store.Look() == FileStoreInfo.Ours)
        {
            return true;
        }

        var template = store.Beside(entry.Source);
        if (!Directory.Exists(template))
        {
            logger.TemplateWithoutFiles(entry.Source, template);
        }

        await LeaseFence.EnsureHeldAsync();
        await StoreCopy.RunAsync(store, template, cancellationToken);
        await LeaseFence.EnsureHeldAsync();
        store.Rename(store.New, store.Final);
        return true;
    }

    /// <summary>Gives the files of a ready clone to a tenant; false where there are none, or the tenant's were begun otherwise.</summary>
    public static bool TryTake(string root, string database, StoreFolder tenant)
    {
        var pool = StoreFolder.OfPool(root, database);
        if (Directory.Exists(tenant.New) || pool.Look() != FileStoreInfo.Ours)
        {
            return false;
        }

        // Whole already; an attempt that dies in between leaves what copying goes on with.
        pool.Rename(pool.Final, tenant.New);
        tenant.WriteMark(tenant.New, flush: false);
        tenant.Rename(tenant.New, tenant.Final);
        return true;
    }

    /// <summary>Removes the files of a ready clone, finished or not; false if there were none.</summary>
    public static bool Remove(string root, string database)
    {
        var store = StoreFolder.OfPool(root, database);
        var wasThere = StoreFolder.Delete(store.New);
        if (store.Look() == FileStoreInfo.Ours)
        {
            // Renamed first: what is half deleted must not be taken for a whole one.
            store.Rename(store.Final, store.Former);
            wasThere = true;
        }

        return StoreFolder.Delete(store.Former) || wasThere;
    }

    /// <summary>True if a ready clone's files, or a part of them, are there.</summary>
    public static bool IsThere(string root, string database)
    {
        var store = StoreFolder.OfPool(root, database);
        return Directory.Exists(store.New) || Directory.Exists(store.Former) || store.Look() == FileStoreInfo.Ours;
    }

    /// <summary>The names of the databases whose files are there.</summary>
    public static IReadOnlyList<string> List(string root, string prefix) =>
    [
        .. new[] { StoreFolder.PoolPrefix, StoreFolder.NewPrefix }
            .SelectMany(start => Directory.EnumerateDirectories(root, $"{start}{prefix}*").Select(folder => Path.GetFileName(folder)[start.Length..]))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];
}
