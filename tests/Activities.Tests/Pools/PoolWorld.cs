using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.FileStores;
using Bibind.Activities.Pools;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.Activities.Tests.Pools;

/// <summary>A pool of ready clones over a real PostgreSQL and a folder of file stores.</summary>
internal sealed class PoolWorld : IAsyncDisposable
{
    private static long s_last = Random.Shared.Next(1_000_000);
    private readonly List<PoolEntry> _entries = [];
    private readonly List<TenantDescriptor> _tenants = [];

    private PoolWorld(World world, string files)
    {
        World = world;
        Files = files;
    }

    public World World { get; }

    /// <summary>The folder of all file stores.</summary>
    public string Files { get; }

    public static async Task<PoolWorld> CreateAsync()
    {
        var files = PostgresFixture.NewFolder();
        OdooFiles.Write(files, OdooTemplateFixture.Database);
        var world = await World.CreateAsync(("FileStore:Provider", "folder"), ("FileStore:Folder", files));
        world.DeleteAtEnd(files);
        return new PoolWorld(world, files);
    }

    /// <summary>A clone that is to be made.</summary>
    public PoolEntry NewEntry(string source = OdooTemplateFixture.Database)
    {
        var id = Interlocked.Increment(ref s_last);
        var entry = new PoolEntry
        {
            EntryId = id,
            ServerId = 1,
            ServerCode = "srv-1",
            Database = $"pool_{World.Pools.Label}_{id}",
            TemplateId = 7,
            Source = source,
            ContentHash = "v1",
        };
        _entries.Add(entry);
        return entry;
    }

    public Task FillAsync(PoolEntry entry) => World.RunAsync<FillWarmPool, PoolEntry, Unit>(entry);

    public Task DropAsync(params IReadOnlyList<PoolEntry> entries) => World.RunAsync<DropWarmPools, IReadOnlyList<PoolEntry>, Unit>(entries);

    /// <summary>A clone that is ready.</summary>
    public async Task<PoolEntry> FilledAsync()
    {
        var entry = NewEntry();
        await FillAsync(entry);
        return entry with { Oid = World.Pools.Ready[entry.EntryId].Oid };
    }

    /// <summary>A tenant whose reservation took a clone, as the control database has it.</summary>
    public TenantDescriptor Take(PoolEntry entry)
    {
        var place = World.NewPlace();
        _tenants.Add(place);
        var known = World.Databases.Known[(uint)entry.Oid!.Value];
        World.Databases.Known[(uint)entry.Oid!.Value] = known with { Holder = DatabaseHolder.Tenant(place.TenantId) };
        return place with { HasFileStore = true, Pooled = new PooledClone(entry.EntryId, entry.Database, entry.Oid.Value, 1000, HasFiles: true) };
    }

    public Task<CloneResult> CloneAsync(TenantDescriptor place) => World.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);

    public Task<FileStoreCopied> CopyAsync(TenantDescriptor place) => World.RunAsync<CopyFileStore, TenantDescriptor, FileStoreCopied>(place);

    public async Task UndoAsync(TenantDescriptor place)
    {
        await World.RunAsync<DropDatabase>(place);
        await World.RunAsync<RemoveFileStore>(place);
    }

    public Task<long> OidAsync(string database) => World.AskAsync<long>($"select oid::bigint from pg_database where datname = '{database}'");

    /// <summary>What is in the folder besides the template's store.</summary>
    public IReadOnlyList<string> Stores() =>
        [.. Directory.EnumerateFileSystemEntries(Files).Select(f => Path.GetFileName(f)).Where(n => n != OdooTemplateFixture.Database).Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        foreach (var place in _tenants)
        {
            await UndoAsync(place);
        }

        foreach (var entry in _entries)
        {
            if (await World.DatabaseExistsAsync(entry.Database))
            {
                await World.ExecuteAsync($"alter database {entry.Database} is_template false");
                await World.ExecuteAsync($"drop database {entry.Database} with (force)");
            }
        }

        await World.DisposeAsync();
    }
}
