using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class SetApplicationAddressTests
{
    /// <summary>How each version is told that its caches are stale, and what it then reads.</summary>
    public static TheoryData<string, string> Versions => new()
    {
        { "create sequence base_registry_signaling; create sequence base_cache_signaling", "select last_value || ' ' || is_called from base_cache_signaling" },
        {
            "create sequence base_registry_signaling; create sequence base_cache_signaling_default; create sequence base_cache_signaling_assets",
            "select last_value || ' ' || is_called from base_cache_signaling_default"
        },
        {
            "create table orm_signaling_registry (id serial primary key, date timestamp default now()); create table orm_signaling_stable (id serial primary key, date timestamp default now()); insert into orm_signaling_stable default values",
            "select max(id)::text from orm_signaling_stable"
        },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_running_application_is_told_of_its_new_address(string setup, string number)
    {
        await using var world = await World.CreateAsync();
        var place = await ConfiguredAsync(world, setup);
        var before = await world.AskAsync<string>(number, place.Database);
        place = place with { BaseUrl = "https://shop.example.org" };

        await world.RunAsync<SetApplicationAddress>(place);

        Assert.Equal("https://shop.example.org", await world.AskAsync<string>("select value from ir_config_parameter where key = 'web.base.url'", place.Database));
        Assert.NotEqual(before, await world.AskAsync<string>(number, place.Database));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task It_is_told_again_when_the_address_was_written_and_perhaps_not_said(string setup, string number)
    {
        await using var world = await World.CreateAsync();
        var place = await ConfiguredAsync(world, setup);
        await world.RunAsync<SetApplicationAddress>(place);
        var before = await world.AskAsync<string>(number, place.Database);

        await world.RunAsync<SetApplicationAddress>(place);

        Assert.NotEqual(before, await world.AskAsync<string>(number, place.Database));
    }

    [Fact]
    public async Task Models_are_not_loaded_again_for_an_address()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfiguredAsync(world, "create table orm_signaling_registry (id serial primary key); insert into orm_signaling_registry default values");

        await world.RunAsync<SetApplicationAddress>(place);

        Assert.Equal(1, await world.AskAsync<long>("select count(*) from orm_signaling_registry", place.Database));
    }

    [Fact]
    public async Task A_view_in_the_place_of_such_a_table_is_not_written_to()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfiguredAsync(
            world,
            """
            create table seen (what varchar);
            create function note() returns trigger language plpgsql as $$ begin insert into seen values (current_user); return null; end $$;
            create view orm_signaling_stable as select 1 as id; create trigger t instead of insert on orm_signaling_stable for each row execute function note()
            """);

        await world.RunAsync<SetApplicationAddress>(place);

        Assert.Equal(0, await world.AskAsync<long>("select count(*) from seen", place.Database));
    }

    [Fact]
    public async Task An_application_that_cannot_be_provided_is_refused()
    {
        await using var world = await World.CreateAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.RunAsync<SetApplicationAddress>(World.NewPlace() with { Application = "magento" }));

        Assert.Equal("The application 'magento' cannot be provided here; there is odoo.", refused.Message);
    }

    private static async Task<TenantDescriptor> ConfiguredAsync(World world, string setup)
    {
        var place = await world.CloneAsync();
        await world.ExecuteAsApplicationAsync(setup, place.Database);
        await world.RunAsync<ConfigureApplication>(place);
        return place;
    }
}
