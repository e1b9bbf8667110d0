using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>A restore that was taken for dead and goes on beside the attempt that has taken it over.</summary>
public sealed class RestoreTakeoverTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_attempt_that_was_taken_over_names_no_database_whose_files_the_other_has_cleared_away()
    {
        var folder = PostgresFixture.NewFolder();
        // The first restores once it is told to, the others at once.
        var program = Script.Write(
            folder, "pg_restore", $"if [ \"$1\" = --version ]; then exec pg_restore --version; fi; if mkdir '{folder}/began' 2>/dev/null; then while [ ! -e '{folder}/go' ]; do sleep 0.05; done; fi; exec pg_restore \"$@\"");
        await using var files = await FilesWorld.CreateAsync(("Backups:PgRestore", program));
        var world = files.World;
        world.DeleteAtEnd(folder);
        var backup = await TakeAsync(world, files.Place);
        var slow = RestoreAsync(world, files.Place, backup, replace: true);
        await Eventually.UntilAsync(() => Directory.Exists(Path.Combine(folder, "began")), Limit, "the first attempt restores");

        // The second takes over and fails, and what the first has unpacked is cleared away.
        var row = world.Backups.Rows[backup.BackupId];
        world.Backups.Rows.TryRemove(backup.BackupId, out _);
        await Assert.ThrowsAnyAsync<PermanentFailureException>(() => RestoreAsync(world, files.Place, backup, replace: true));
        world.Backups.Rows[backup.BackupId] = row;
        world.Get<IFileStore>().DropReplacement(files.Place);
        await File.WriteAllTextAsync(Path.Combine(folder, "go"), string.Empty);

        await Assert.ThrowsAsync<TransientFailureException>(() => slow);
        await RestoreAsync(world, files.Place, backup, replace: true);
        Assert.All(OdooFiles.All, file => Assert.Equal(file.Content, File.ReadAllBytes(files.File(files.Place, file.StoreName))));
        files.AssertTidy(files.Place);
        Assert.Equal(string.Empty, await ScratchesAsync(world, files.Place));
    }
}
