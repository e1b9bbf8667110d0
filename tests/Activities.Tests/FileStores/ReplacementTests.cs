using Bibind.Activities.FileStores;
using Bibind.Activities.Registration;
using Bibind.Durable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests.FileStores;

/// <summary>One store in the place of another, whenever it is interrupted; and which settings are refused.</summary>
public sealed class ReplacementTests
{
    [Fact]
    public async Task A_replacement_is_exactly_what_was_added_and_is_not_seen_before()
    {
        using var world = new StoreWorld();
        await world.CopyAsync();
        world.Store.BeginReplacement(world.Place, replace: true);
        await world.AddAsync("ab/file", "new");

        Assert.NotEmpty(StoreWorld.FilesOf(world.InTenant()));
        Assert.False(File.Exists(world.InTenant("ab/file")));
        world.Store.CompleteReplacement(world.Place);
        world.Store.Swap(world.Place);
        world.Store.Swap(world.Place);

        Assert.Equal(["ab/file"], StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal([world.Place.Database], world.Others());
        Assert.Equal(FileStoreInfo.Ours, world.Store.Look(world.Place));
    }

    [Theory]
    [InlineData("before the first renaming")]
    [InlineData("between the renamings")]
    [InlineData("after both")]
    public async Task A_swap_that_died_is_finished(string instant)
    {
        using var world = new StoreWorld();
        await world.CopyAsync();
        world.Store.BeginReplacement(world.Place, replace: true);
        await world.AddAsync("ab/file", "new");
        world.Store.CompleteReplacement(world.Place);
        StoreWorld.Write(world.Unseen("former"), "of an earlier job");
        if (instant != "before the first renaming")
        {
            Directory.Delete(world.Unseen("former"), recursive: true);
            Directory.Move(world.InTenant(), world.Unseen("former"));
        }

        if (instant == "after both")
        {
            Directory.Move(world.Unseen("ready"), world.InTenant());
        }

        world.Store.Swap(world.Place);

        Assert.Equal(["ab/file"], StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Fact]
    public async Task A_replacement_that_is_dropped_leaves_the_store_as_it_was()
    {
        using var world = new StoreWorld();
        await world.CopyAsync();
        var before = StoreWorld.FilesOf(world.InTenant()).ToList();
        world.Store.BeginReplacement(world.Place, replace: true);
        await world.AddAsync("ab/file", "new");
        world.Store.CompleteReplacement(world.Place);

        world.Store.DropReplacement(world.Place);
        world.Store.Swap(world.Place);

        Assert.Equal(before, StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("ab/../../outside")]
    [InlineData("/tmp/outside")]
    [InlineData("ab//outside")]
    [InlineData(".bibind")]
    [InlineData("ab\\..\\outside")]
    [InlineData("")]
    public async Task A_name_that_leads_out_is_refused(string name)
    {
        using var world = new StoreWorld();
        world.Store.BeginReplacement(world.Place, replace: true);

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.AddAsync(name, "bad"));

        Assert.Throws<PermanentFailureException>(() => world.Store.Open(world.Place, name));
        Assert.Empty(StoreWorld.FilesOf(world.Unseen("restore")));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../other")]
    [InlineData(".bibind-new-1-a")]
    [InlineData("/etc")]
    public void A_database_whose_name_leads_out_has_no_store(string database)
    {
        using var world = new StoreWorld();

        Assert.Throws<PermanentFailureException>(() => world.Store.Remove(world.Place with { Database = database }, CancellationToken.None));
    }

    [Theory]
    [InlineData("s3", "/tmp", "FileStore__Provider must be none or folder")]
    [InlineData("folder", null, "FileStore__Folder is missing")]
    [InlineData("folder", "/nowhere/filestore", "there is no folder '/nowhere/filestore' here")]
    [InlineData("folder", "/nowhere/{server}/filestore", "there is no folder '/nowhere' here")]
    [InlineData("folder", "/proc", "cannot make folders")]
    [InlineData("none", null, null)]
    [InlineData("folder", "/tmp/{server}/filestore", null)]
    public void Settings_are_tried_out_when_the_host_starts(string provider, string? folder, string? words)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["FileStore:Provider"] = provider, ["FileStore:Folder"] = folder })
            .Build();
        using var services = new ServiceCollection().AddLogging().AddActivities(configuration).BuildServiceProvider();
        string? Refusal()
        {
            try
            {
                return services.GetRequiredService<IOptions<FileStoreOptions>>().Value.Provider == provider ? null : "another provider";
            }
            catch (OptionsValidationException refused)
            {
                return refused.Message;
            }
        }

        if (words is null)
        {
            Assert.Null(Refusal());
        }
        else
        {
            Assert.Contains(words, Refusal(), StringComparison.Ordinal);
        }
    }
}
