using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class HandOverApplicationTests
{
    [Fact]
    public async Task The_application_lists_the_database_and_can_write_in_it()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();

        await world.RunAsync<HandOverApplication>(place);

        await using var odoo = await world.OpenAsync(place.Database, LocalServer.ApplicationRole);
        await using var list = new NpgsqlCommand(
            "select count(*) from pg_database where datname = current_database() and datallowconn and not datistemplate"
            + " and datdba = (select usesysid from pg_user where usename = current_user)", odoo);
        Assert.Equal(1L, await list.ExecuteScalarAsync());
        await using var write = new NpgsqlCommand("update res_company set name = 'Acme'; create table made_by_odoo (id int)", odoo);
        await write.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task Handing_over_twice_is_as_good_as_once()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);

        await world.RunAsync<HandOverApplication>(place);

        Assert.Equal("odoo", await world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{place.Database}'"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_cannot_be_handed_over()
    {
        await using var world = await World.CreateAsync();

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<HandOverApplication>(World.NewPlace()));
    }

    [Fact]
    public async Task A_database_that_is_not_ours_is_not_handed_over()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database}");

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<HandOverApplication>(place));

        Assert.Equal("postgres", await world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{place.Database}'"));
    }
}
