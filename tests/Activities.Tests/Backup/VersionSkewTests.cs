using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Testing;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>Client programs of several versions beside one server: the server's own are taken, and newer dumps are restored where they can be.</summary>
public sealed class VersionSkewTests
{
    private static readonly string Own = "/usr/lib/postgresql/15/bin";

    [Fact]
    public async Task Of_several_versions_the_servers_own_dumps_and_restores()
    {
        await using var world = await World.CreateAsync(
            ("Backups:PgDump", $"{Newer("pg_dump")}:{Older("pg_dump")}"), ("Backups:PgRestore", $"{Newer("pg_restore")}:{Older("pg_restore")}"));
        var (place, backup) = await BackedUpAsync(world);

        await VerifyAsync(world, place, backup);
        await RestoreAsync(world, World.NewPlace(), backup);

        await ChangeManifestAsync(world, place, m =>
        {
            Assert.StartsWith("15.", m.PgDumpVersion, StringComparison.Ordinal);
            Assert.Equal(15, m.Needs!.ServerMajor);
            return m;
        });
    }

    [Fact]
    public async Task A_dump_that_a_newer_program_made_comes_back_on_the_older_server()
    {
        await using var world = await World.CreateAsync(("Backups:PgDump", Newer("pg_dump")), ("Backups:PgRestore", $"{Older("pg_restore")}:{Newer("pg_restore")}"));
        var (place, backup) = await BackedUpAsync(world);
        var newcomer = World.NewPlace();

        await VerifyAsync(world, place, backup);
        await RestoreAsync(world, newcomer, backup);

        Assert.Equal(await FingerprintAsync(world, place.Database), await FingerprintAsync(world, newcomer.Database));
    }

    [Fact]
    public async Task What_fails_beside_an_unknown_setting_fails_the_restore()
    {
        await using var world = await World.CreateAsync(("Backups:PgDump", Newer("pg_dump")), ("Backups:PgRestore", Newer("pg_restore")));
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            create table only_here (id int);
            create function strict_check() returns boolean language plpgsql immutable as 'begin perform 1 from only_here; return true; end';
            create table checked (id int check (strict_check())); insert into checked values (1);
            alter table only_here owner to odoo; alter table checked owner to odoo;
            """,
            place.Database);
        var backup = await TakeAsync(world, place);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => VerifyAsync(world, place, backup));

        Assert.Contains("only_here", failed.Message, StringComparison.Ordinal);
        Assert.Empty(await TrialsAsync(world, backup));
    }

    [Fact]
    public async Task A_dump_that_no_program_here_can_read_says_what_to_install()
    {
        await using var newer = await World.CreateAsync(("Backups:PgDump", Newer("pg_dump")), ("Backups:PgRestore", Older("pg_restore")));
        var (place, backup) = await BackedUpAsync(newer);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => VerifyAsync(newer, place, backup));

        Assert.Contains("postgresql-client-17", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_newer_than_every_program_says_what_to_install()
    {
        var folder = PostgresFixture.NewFolder();
        await using var world = await World.CreateAsync(("Backups:PgDump", Script.Write(folder, "pg_dump", "echo 'pg_dump (PostgreSQL) 14.9'")));
        world.DeleteAtEnd(folder);
        var place = await world.CloneAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => TakeAsync(world, place));

        Assert.Contains("postgresql-client-15", refused.Message, StringComparison.Ordinal);
    }

    private static string Older(string program)
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Own, program)), "The client programs of PostgreSQL 15 are not installed.");
        return Path.Combine(Own, program);
    }

    /// <summary>A program of PostgreSQL 17, as <c>./test</c> fetches it.</summary>
    private static string Newer(string program)
    {
        var path = Path.Combine(Environment.GetEnvironmentVariable("BIBIND_TOOLS") ?? "data/tools", "postgresql17", "bin", program);
        Assert.SkipUnless(File.Exists(path), "The client programs of PostgreSQL 17 could not be fetched (infra/local/setup.sh, need_postgres17).");
        return path;
    }
}
