using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>Compiled scripts and styles in restored databases, whose files came with them or did not.</summary>
public sealed class CompiledAssetsTests
{
    /// <summary>Whether the tenant is restored in its place, and whether there are file stores by then.</summary>
    public static TheoryData<bool, bool> WithoutFiles => new() { { false, true }, { true, true }, { true, false } };

    [Theory]
    [MemberData(nameof(WithoutFiles))]
    public async Task Compiled_assets_whose_files_do_not_come_back_are_made_anew_and_all_else_stays(bool replace, bool hasFileStores)
    {
        await using var files = await FilesWorld.CreateAsync();
        await using var without = await World.CreateAsync();
        var world = hasFileStores ? files.World : without;
        var place = await without.CloneAsync();
        await AddAssetsAsync(without, place);
        var backup = await TakeAsync(without, place);
        await CopyBackupsAsync(without, world);
        var target = replace ? place : World.NewPlace();

        await RestoreAsync(world, target, backup, replace);

        Assert.Equal("a-picture,in-the-database.js", await AssetsAsync(world, target));
    }

    [Fact]
    public async Task Compiled_assets_whose_files_come_back_stay()
    {
        await using var files = await FilesWorld.CreateAsync();
        await AddAssetsAsync(files.World, files.Place);
        var backup = await TakeAsync(files.World, files.Place);

        await RestoreAsync(files.World, files.Place, backup, replace: true);

        Assert.Equal("a-picture,in-a-file.js,in-the-database.js", await AssetsAsync(files.World, files.Place));
    }

    private static Task AddAssetsAsync(World world, TenantDescriptor place) => world.ExecuteAsync(
        """
        insert into ir_attachment (name, type, url, store_fname, db_datas) values
          ('in-a-file.js', 'binary', '/web/assets/1/in-a-file.js', '1a/1a2b', null),
          ('in-the-database.js', 'binary', '/web/assets/1/in-the-database.js', null, 'x'),
          ('a-picture', 'binary', '/web/image/1', '1b/1b2c', null)
        """,
        place.Database);

    private static Task<string?> AssetsAsync(World world, TenantDescriptor place) => world.AskAsync<string>(
        "select string_agg(name, ',' order by name) from ir_attachment where name in ('a-picture', 'in-a-file.js', 'in-the-database.js')", place.Database);

    // The same installation at another time: its backups and its secrets.
    private static async Task CopyBackupsAsync(World from, World to)
    {
        foreach (var (id, row) in from.Backups.Rows)
        {
            to.Backups.Rows[id] = row;
        }

        foreach (var (name, value) in from.Secrets.Values)
        {
            to.Secrets.Values[name] = value;
        }

        if (from != to)
        {
            foreach (var known in from.Databases.Known.Values)
            {
                await to.Databases.RecordAsync(known, None);
            }

            await to.Store.CreateBucketAsync(Bucket, None);
            foreach (var stored in (await from.Store.ListAsync(Bucket, string.Empty, null, 100, None)).Objects)
            {
                await using var content = (await from.Store.OpenReadAsync(Bucket, stored.Key, None))!;
                await to.Store.PutAsync(Bucket, stored.Key, content, None);
            }
        }
    }
}
