using System.Runtime.Versioning;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.FileStores;

/// <summary>A tenant's copy of its template's files, and its removal.</summary>
public sealed class CopyFileStoreTests
{
    [Fact]
    public async Task A_copy_has_the_attachments_as_links_and_everything_else_as_copies_and_none_of_the_applications_notes()
    {
        using var world = new StoreWorld();
        StoreWorld.Write(world.InTemplate(), "exports/list.csv", "of the template");
        StoreWorld.Write(world.InTemplate(), "checklist/ab/abc", "to be looked at");
        StoreWorld.Write(world.InTemplate(), ".hidden", "nobody's");

        var copied = await world.CopyAsync();

        Assert.Equal([.. OdooFiles.All.Select(f => f.StoreName).Order(StringComparer.Ordinal), "exports/list.csv"], StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal((OdooFiles.All.Count + 1, false), (copied.Files, copied.AlreadyThere));
        await File.AppendAllTextAsync(world.InTemplate(OdooFiles.All[0].StoreName), "!");
        await File.AppendAllTextAsync(world.InTemplate("exports/list.csv"), "!");
        Assert.EndsWith("!", await File.ReadAllTextAsync(world.InTenant(OdooFiles.All[0].StoreName)), StringComparison.Ordinal);
        Assert.Equal("of the template", await File.ReadAllTextAsync(world.InTenant("exports/list.csv")));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Fact]
    public async Task Copying_again_finds_what_is_there_and_leaves_what_the_application_wrote_since()
    {
        using var world = new StoreWorld();
        await world.CopyAsync();
        var written = StoreWorld.Write(world.InTenant(), "since");

        var again = await world.CopyAsync();

        Assert.True(again.AlreadyThere);
        Assert.True(File.Exists(world.InTenant(written)));
    }

    [Fact]
    public async Task A_copy_that_died_is_finished()
    {
        using var world = new StoreWorld();
        StoreWorld.Write(world.InTemplate(), "exports/list.csv", "whole");
        StoreWorld.Write(world.Unseen("new"), OdooFiles.All[0].StoreName, "linked already");
        StoreWorld.Write(world.Unseen("new"), ".bibind-part", "hal");

        await world.CopyAsync();

        Assert.Equal(StoreWorld.FilesOf(world.InTemplate()), StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal("whole", await File.ReadAllTextAsync(world.InTenant("exports/list.csv")));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Fact]
    public async Task Copies_at_once_make_one_store_and_leave_nothing_else()
    {
        using var world = new StoreWorld();
        async Task<FileStoreCopied> UntilDoneAsync()
        {
            while (true)
            {
                try
                {
                    return await world.CopyAsync();
                }
                catch (TransientFailureException)
                {
                    // As the step's next attempt would.
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(UntilDoneAsync)));
        await world.CopyAsync();

        Assert.Equal(StoreWorld.FilesOf(world.InTemplate()), StoreWorld.FilesOf(world.InTenant()));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Fact]
    public async Task A_template_without_a_store_gives_an_empty_one_and_a_warning()
    {
        using var world = new StoreWorld();
        Directory.Delete(world.InTemplate(), recursive: true);

        var copied = await world.CopyAsync();

        Assert.Equal((0, 0), (copied.Files, copied.Bytes));
        Assert.Equal(FileStoreInfo.Ours, world.Store.Look(world.Place));
        Assert.Contains(world.Logs.Lines, line => line.Contains("has no file store", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("bibind tenant=1 code=somebody-else")]
    public async Task A_store_of_somebody_else_is_refused_and_never_touched(string? mark)
    {
        using var world = new StoreWorld();
        var precious = StoreWorld.Write(world.InTenant(), "precious");
        if (mark is not null)
        {
            await File.WriteAllTextAsync(world.InTenant(".bibind"), mark);
        }

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(world.CopyAsync);

        Assert.Contains("is not ours; it was left as it is", refused.Message, StringComparison.Ordinal);
        Assert.Equal(FileStoreInfo.Foreign, world.Store.Look(world.Place));
        Assert.False(world.Remove());
        Assert.True(File.Exists(world.InTenant(precious)));
        Assert.Equal([world.Place.Database], world.Others());
    }

    [Fact]
    public async Task Symbolic_links_are_neither_followed_nor_copied_and_their_targets_survive_the_removal()
    {
        using var world = new StoreWorld();
        using var elsewhere = new StoreWorld();
        File.CreateSymbolicLink(world.InTemplate("passwd"), "/etc/passwd");
        Directory.CreateSymbolicLink(world.InTemplate("zz"), elsewhere.Folder);

        await world.CopyAsync();
        Directory.CreateSymbolicLink(world.InTenant("zz"), elsewhere.Folder);
        var listed = world.Store.List(world.Place).Select(f => f.Name).Order(StringComparer.Ordinal);

        Assert.Equal(OdooFiles.All.Select(f => f.StoreName).Order(StringComparer.Ordinal), listed);
        Assert.True(world.Remove());
        Assert.True(File.Exists(elsewhere.InTemplate(OdooFiles.All[0].StoreName)));
    }

    [Fact]
    public async Task A_store_that_is_itself_a_symbolic_link_is_nobody_of_ours()
    {
        using var world = new StoreWorld();
        using var elsewhere = new StoreWorld();
        Directory.CreateSymbolicLink(world.InTenant(), elsewhere.Folder);

        await Assert.ThrowsAsync<PermanentFailureException>(world.CopyAsync);

        Assert.False(world.Remove());
        Assert.True(File.Exists(elsewhere.InTemplate(OdooFiles.All[0].StoreName)));
    }

    [Fact]
    public async Task Files_may_vanish_and_appear_while_they_are_copied()
    {
        using var world = new StoreWorld();
        var names = Enumerable.Range(0, 1000).Select(n => StoreWorld.Write(world.InTemplate(), $"file {n}")).ToList();
        var collecting = Task.Run(() => names.Where((_, n) => n % 2 == 0).ToList().ForEach(name => File.Delete(world.InTemplate(name))));
        var writing = Task.Run(() => Enumerable.Range(0, 300).ToList().ForEach(n => StoreWorld.Write(world.InTemplate(), $"new {n}")));

        await world.CopyAsync();

        await Task.WhenAll(collecting, writing);
        var copied = StoreWorld.FilesOf(world.InTenant()).ToHashSet(StringComparer.Ordinal);
        Assert.All(names.Where((_, n) => n % 2 == 1), name => Assert.Contains(name, copied));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task What_is_made_has_the_folders_owner_and_mode()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can give files away.");
        const uint Odoo = 4711;
        using var world = new StoreWorld();
        StoreWorld.Write(world.InTemplate(), "exports/list.csv", "copied");
        File.SetUnixFileMode(world.Folder, (UnixFileMode)0b111_101_000);
        UnixFiles.Give(world.Folder, new FileOwner(Odoo, Odoo));

        await world.CopyAsync();

        foreach (var folder in new[] { world.InTenant(), world.InTenant("exports") })
        {
            Assert.Equal(((UnixFileMode)0b111_101_000, Odoo), (File.GetUnixFileMode(folder), UnixFiles.OwnerOf(folder)!.Value.User));
        }

        foreach (var file in new[] { world.InTenant("exports/list.csv"), world.InTenant(".bibind") })
        {
            Assert.Equal(((UnixFileMode)0b110_100_000, Odoo), (File.GetUnixFileMode(file), UnixFiles.OwnerOf(file)!.Value.Group));
        }
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task What_is_made_in_a_folder_that_everybody_may_read_is_closed_to_others()
    {
        using var world = new StoreWorld();
        StoreWorld.Write(world.InTemplate(), "exports/list.csv", "copied");
        File.SetUnixFileMode(world.Folder, (UnixFileMode)0b111_101_101);

        await world.CopyAsync();

        foreach (var folder in new[] { world.InTenant(), world.InTenant("exports") })
        {
            Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(folder));
        }

        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(world.InTenant("exports/list.csv")));
    }

    [Fact]
    public async Task Files_of_another_disk_are_copied_and_a_full_disk_is_said_so_and_left_empty()
    {
        using var world = new StoreWorld();
        Directory.Delete(world.InTemplate(), recursive: true);
        using var disk = SmallDisk.Mount(world.InTemplate(), kibibytes: 8192);
        var small = StoreWorld.Write(world.InTemplate(), "small");

        await world.CopyAsync();

        Assert.Equal("small", await File.ReadAllTextAsync(world.InTenant(small)));
        Assert.True(world.Remove());

        StoreWorld.Write(world.InTemplate(), new string('x', 4_000_000));
        using var full = SmallDisk.Mount(Path.Combine(world.Folder, "full"), kibibytes: 1024);
        Directory.CreateDirectory(Path.Combine(full.Folder, world.Place.TemplateDatabase));
        using var template = SmallDisk.Mount(Path.Combine(full.Folder, world.Place.TemplateDatabase), kibibytes: 8192);
        StoreWorld.Write(template.Folder, new string('x', 4_000_000));
        var options = Microsoft.Extensions.Options.Options.Create(new FileStoreOptions { Provider = FileStoreOptions.InFolder, Folder = full.Folder });
        var store = new FolderFileStore(options, Microsoft.Extensions.Logging.Abstractions.NullLogger<FolderFileStore>.Instance);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => store.CopyAsync(world.Place, CancellationToken.None));

        Assert.Equal($"No space is left for the file store of '{world.Place.Database}' (FileStore__Folder).", failed.Message);
        Assert.True(store.Remove(world.Place, CancellationToken.None));
        Assert.Equal([template.Folder], Directory.EnumerateFileSystemEntries(full.Folder));
    }

    [Fact]
    public async Task Removing_takes_everything_that_any_step_may_have_left_and_succeeds_when_there_is_nothing()
    {
        using var world = new StoreWorld();
        await world.CopyAsync();
        foreach (var what in new[] { "new", "restore", "ready", "former" })
        {
            StoreWorld.Write(world.Unseen(what), what);
        }

        Assert.True(world.Remove());
        Assert.True(world.Remove());

        Assert.Empty(world.Others());
        Assert.Equal(FileStoreInfo.Absent, world.Store.Look(world.Place));
        Assert.All(OdooFiles.All, file => Assert.True(File.Exists(world.InTemplate(file.StoreName))));
    }

    [Fact]
    public async Task A_folder_that_is_not_mounted_is_said_so_and_may_be_there_later()
    {
        using var world = new StoreWorld();
        Directory.Delete(world.Folder, recursive: true);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(world.CopyAsync);

        Assert.Contains("is it mounted?", failed.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(world.Folder);
    }
}
