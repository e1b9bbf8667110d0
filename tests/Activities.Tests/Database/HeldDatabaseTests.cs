using System.Diagnostics;
using Bibind.Activities.Application;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

/// <summary>What holds a database without a session is named, and can be ended.</summary>
public sealed class HeldDatabaseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_prepared_transaction_in_a_template_is_named_and_can_be_rolled_back()
    {
        await using var world = await World.CreateAsync();
        var place = await PlaceWithLockedTemplateAsync(world);
        var gid = await PrepareAsync(world, place.TemplateDatabase);

        var held = await Assert.ThrowsAsync<TransientFailureException>(() => CloneAsync(world, place));

        Assert.Contains($"'{place.TemplateDatabase}' on server 'srv-1' cannot be cloned while it is held by the prepared transaction '{gid}' of role 'odoo'", held.Message, StringComparison.Ordinal);
        await RollBackAsync(world, place.TemplateDatabase, gid);
        await CloneAsync(world, place);
        Assert.False(await world.AskAsync<bool>($"select datallowconn from pg_database where datname = '{place.TemplateDatabase}'"));
    }

    [Fact]
    public async Task A_prepared_transaction_in_a_tenants_database_keeps_it_from_the_drop_until_it_ends()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var gid = await PrepareAsync(world, place.Database);

        var held = await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<DropDatabase>(place));

        Assert.Contains($"cannot be dropped while it is held by the prepared transaction '{gid}' of role 'odoo'", held.Message, StringComparison.Ordinal);
        await RollBackAsync(world, place.Database, gid);
        await world.RunAsync<DropDatabase>(place);
        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_database_that_an_attempt_closed_is_opened_to_end_what_holds_it()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var gid = await PrepareAsync(world, place.Database);
        await world.ExecuteAsync($"alter database {place.Database} allow_connections false");

        await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<DropDatabase>(place));

        await RollBackAsync(world, place.Database, gid);
        await world.RunAsync<DropDatabase>(place);
    }

    [Fact]
    public async Task A_prepared_transaction_stops_a_restore_before_anything_is_made()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        await world.RunAsync<HandOverApplication>(place);
        var gid = await PrepareAsync(world, place.Database);

        var held = await Assert.ThrowsAsync<TransientFailureException>(() => RestoreSteps.RestoreAsync(world, place, backup, replace: true));

        Assert.Contains($"cannot be replaced while it is held by the prepared transaction '{gid}'", held.Message, StringComparison.Ordinal);
        Assert.Empty(await RestoreSteps.ScratchesAsync(world, place));
        await RollBackAsync(world, place.Database, gid);
        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);
    }

    [Fact]
    public async Task A_replication_slot_in_use_is_named()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var slot = $"slot_{place.Code}";
        await world.ExecuteAsync($"select pg_create_logical_replication_slot('{slot}', 'test_decoding')", place.Database);
        using var reader = ReceiveFrom(world, place.Database, slot);
        await Eventually.UntilAsync(
            () => world.AskAsync<bool>($"select active from pg_replication_slots where slot_name = '{slot}'"), Limit, "the slot is in use");

        var held = await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<DropDatabase>(place));

        Assert.Contains($"cannot be dropped while it is held by the logical replication slot '{slot}'", held.Message, StringComparison.Ordinal);
        reader.Kill();
        await Eventually.UntilAsync(
            () => world.AskAsync<bool>($"select not active from pg_replication_slots where slot_name = '{slot}'"), Limit, "the slot is not in use");
        await world.RunAsync<DropDatabase>(place);
        Assert.False(await world.AskAsync<bool>($"select exists (select from pg_replication_slots where slot_name = '{slot}')"));
    }

    [Fact]
    public async Task A_subscription_is_named()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var name = $"subscription_{place.Code}";
        await world.ExecuteAsync($"create subscription {name} connection 'dbname=nowhere' publication p with (connect = false)", place.Database);

        var held = await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<DropDatabase>(place));

        Assert.Contains($"held by the subscription '{name}'", held.Message, StringComparison.Ordinal);
        await world.ExecuteAsync($"alter subscription {name} set (slot_name = none)", place.Database);
        await world.ExecuteAsync($"drop subscription {name}", place.Database);
        await world.RunAsync<DropDatabase>(place);
        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_template_with_another_collation_version_is_refused_with_the_hint()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var template = $"collated_{place.Code}";
        await world.ExecuteAsync($"create database {template} template template0 is_template true locale_provider icu icu_locale 'en' locale 'C'");
        await world.ExecuteAsync($"update pg_database set datcollversion = '0.1' where datname = '{template}'");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => CloneAsync(world, place with { TemplateDatabase = template }));

        Assert.Contains("collation version", refused.Message, StringComparison.Ordinal);
        Assert.Contains("hint: Rebuild all objects", refused.Message, StringComparison.Ordinal);
        Assert.Contains("REFRESH COLLATION VERSION", refused.Message, StringComparison.Ordinal);
    }

    private static Process ReceiveFrom(World world, string database, string slot)
    {
        var start = new ProcessStartInfo(Path.Combine(world.Postgres.Binaries.Folder, "pg_recvlogical"))
        {
            ArgumentList =
            {
                "--start", "--slot", slot, "--file", "/dev/null", "--host", "127.0.0.1", "--port", $"{world.Postgres.Port}",
                "--username", EmbeddedPostgres.Superuser, "--dbname", database,
            },
            Environment = { ["PGPASSWORD"] = world.Postgres.PasswordOf(EmbeddedPostgres.Superuser) },
        };
        return Process.Start(start)!;
    }

    private static async Task<TenantDescriptor> HandedOverAsync(World world)
    {
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private static async Task<TenantDescriptor> PlaceWithLockedTemplateAsync(World world)
    {
        var place = World.NewPlace();
        var template = $"held_{place.Code}";
        await world.ExecuteAsync($"create database {template} template {place.TemplateDatabase} owner odoo is_template true");
        var oid = await world.AskAsync<uint>($"select oid from pg_database where datname = '{template}'");
        world.Databases.Known[oid] = new()
        {
            ServerId = 1,
            Oid = oid,
            Name = template,
            Holder = ControlPlane.Databases.DatabaseHolder.Template(place.TenantId),
            Purpose = ControlPlane.Databases.DatabasePurposes.Current,
            ContentHash = "hash",
        };
        return place with { TemplateDatabase = template };
    }

    private static async Task<string> PrepareAsync(World world, string database)
    {
        var gid = $"left by {database}";
        await using (var application = await world.OpenAsync(database, LocalServer.ApplicationRole))
        await using (var prepare = new NpgsqlCommand($"begin; create table never (id int); prepare transaction '{gid}'", application))
        {
            await prepare.ExecuteNonQueryAsync();
        }

        if (await world.AskAsync<bool>($"select datistemplate from pg_database where datname = '{database}'"))
        {
            await world.ExecuteAsync($"alter database {database} allow_connections false");
        }

        return gid;
    }

    private static async Task RollBackAsync(World world, string database, string gid)
    {
        await using var application = await world.OpenAsync(database, LocalServer.ApplicationRole);
        await using var end = new NpgsqlCommand($"rollback prepared '{gid}'", application);
        await end.ExecuteNonQueryAsync();
    }

    private static Task<CloneResult> CloneAsync(World world, TenantDescriptor place) => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);
}
