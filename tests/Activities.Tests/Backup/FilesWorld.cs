using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local;
using Bibind.Testing;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

/// <summary>A tenant with the template's files.</summary>
internal sealed class FilesWorld : IAsyncDisposable
{
    private FilesWorld(World world, string folder, string bucket) => (World, Folder, Bucket) = (world, folder, bucket);

    public World World { get; }

    public string Folder { get; }

    public string Bucket { get; }

    public TenantDescriptor Place { get; } = Fixtures.World.NewPlace();

    public static async Task<FilesWorld> CreateAsync(params (string Key, string? Value)[] settings)
    {
        var folder = PostgresFixture.NewFolder();
        var world = await World.CreateAsync([.. settings, ("FileStore:Provider", "folder"), ("FileStore:Folder", folder)]);
        world.DeleteAtEnd(folder);
        OdooFiles.Write(folder, OdooTemplateFixture.Database);
        var files = new FilesWorld(world, folder, settings.FirstOrDefault(s => s.Key == "Backups:Bucket").Value ?? RestoreSteps.Bucket);
        await world.CloneAsync(files.Place);
        await world.RunAsync<CopyFileStore, TenantDescriptor, FileStoreCopied>(files.Place);
        return files;
    }

    public string StoreOf(TenantDescriptor place) => Path.Combine(Folder, place.Database);

    public string File(TenantDescriptor place, string name) => Path.Combine(StoreOf(place), name);

    /// <summary>There is a store of each of these tenants and nothing else but the template's.</summary>
    public void AssertTidy(params TenantDescriptor[] places) => Assert.Equal(
        places.Select(p => p.Database).Append(OdooTemplateFixture.Database).Order(StringComparer.Ordinal),
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
