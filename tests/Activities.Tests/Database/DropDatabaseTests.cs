using Bibind.Activities.Application;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

public sealed class DropDatabaseTests
{
    [Fact]
    public async Task A_clone_is_dropped()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();

        await world.RunAsync<DropDatabase>(place);

        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task Dropping_what_is_not_there_succeeds()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<DropDatabase>(place);

        await world.RunAsync<DropDatabase>(place);

        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_half_made_clone_is_dropped()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await using (var bibind = await world.OpenAsync("postgres", LocalServer.MaintenanceRole))
        await using (var create = new NpgsqlCommand($"create database \"bibind-new-{place.TenantId}-{place.Code}\" is_template true", bibind))
        {
            await create.ExecuteNonQueryAsync();
        }

        await world.RunAsync<DropDatabase>(place);

        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }

    [Fact]
    public async Task A_database_that_the_application_uses_is_dropped()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);
        await using var session = await world.OpenAsync(place.Database, LocalServer.ApplicationRole);

        await world.RunAsync<DropDatabase>(place);

        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_superusers_session_is_waited_for()
    {
        // As PostgreSQL's autovacuum workers are, which come and go by themselves.
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);
        var superuser = await world.OpenAsync(place.Database, EmbeddedPostgres.Superuser);
        await using var application = await world.OpenAsync(place.Database, LocalServer.ApplicationRole);

        var drop = world.RunAsync<DropDatabase>(place);
        await Eventually.UntilAsync(
            () => world.AskAsync<bool>($"select exists (select from pg_stat_activity where query = 'drop database if exists \"{place.Database}\"' and state = 'active')"),
            TimeSpan.FromSeconds(20),
            "the drop waits for the session");
        await superuser.DisposeAsync();
        await drop;

        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_database_without_our_mark_is_never_dropped()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database} owner odoo");

        await world.RunAsync<DropDatabase>(place);

        Assert.True(await world.DatabaseExistsAsync(place.Database));
        Assert.Contains(world.Logs.Lines, line => line.Contains("alone: it is not ours", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_tenants_database_is_never_dropped_even_if_it_has_the_name_of_our_staging()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var other = await world.CloneAsync(World.NewPlace() with { Database = $"bibind-new-{place.TenantId}-{place.Code}" });

        await world.RunAsync<DropDatabase>(place);

        Assert.True(await world.DatabaseExistsAsync(other.Database));
    }

    [Fact]
    public async Task A_session_that_still_makes_the_database_is_ended()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await using var orphan = await world.OpenAsync("postgres", LocalServer.MaintenanceRole, $"bibind clone {place.TenantId} {place.Code}");
        await using var create = new NpgsqlCommand(
            $"create database \"bibind-new-{place.TenantId}-{place.Code}\" template {place.TemplateDatabase} strategy file_copy", orphan);
        var running = create.ExecuteNonQueryAsync();

        await world.RunAsync<DropDatabase>(place);

        await Record.ExceptionAsync(() => running);
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }
}
