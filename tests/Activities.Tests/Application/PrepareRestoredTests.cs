using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>A tenant's own database that comes back from a backup.</summary>
public sealed class PrepareRestoredTests
{
    [Fact]
    public async Task What_waited_when_the_backup_was_taken_does_not_go_out_again_and_all_else_stays()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            insert into mail_mail (mail_message_id, state) select min(id), 'outgoing' from mail_message;
            update payment_provider set state = 'enabled' where code = 'stripe'
            """,
            place.Database);

        await PrepareAsync(world, place);

        Assert.Equal("cancel", await world.AskAsync<string>("select string_agg(state, ',') from mail_mail", place.Database));
        Assert.Equal("enabled", await world.AskAsync<string>("select state from payment_provider where code = 'stripe'", place.Database));
        Assert.Equal(1, await world.AskAsync<long>("select count(*) from ir_mail_server where active and smtp_pass <> ''", place.Database));
        Assert.Equal(1, await world.AskAsync<long>("select count(*) from res_users_apikeys", place.Database));
    }

    [Fact]
    public async Task No_process_can_take_it_for_the_database_that_it_replaces()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsApplicationAsync(
            """
            create table orm_signaling_registry (id serial primary key, date timestamp default now()); insert into orm_signaling_registry default values;
            create sequence base_registry_signaling; select nextval('base_registry_signaling')
            """,
            place.Database);

        await PrepareAsync(world, place);
        await world.ExecuteAsApplicationAsync("insert into orm_signaling_registry default values", place.Database);

        // By one, another process would have come to the same number by itself.
        Assert.True(await world.AskAsync<int>("select min(id) from orm_signaling_registry where id > 1", place.Database) > 2);
        Assert.True(await world.AskAsync<long>("select last_value from base_registry_signaling", place.Database) > 2);
    }

    [Fact]
    public async Task A_database_without_the_application_is_left_as_it_is()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database}");

        await PrepareAsync(world, place);

        await world.ExecuteAsync($"drop database {place.Database} with (force)");
    }

    private static async Task PrepareAsync(World world, TenantDescriptor place)
    {
        await using var connection = await world.OpenAsync(place.Database);
        await world.Get<ApplicationProviders>().Of(Applications.Odoo).PrepareRestoredAsync(connection, hasFiles: true, keepsQueue: false, CancellationToken.None);
    }
}
