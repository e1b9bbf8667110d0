using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class SmokeTestApplicationTests
{
    [Fact]
    public async Task A_tenant_whose_application_answers_for_its_host_passes()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { Url = odoo.Url };
        var place = await FinishedAsync(world);
        odoo.LoginPage = host => host == place.Host ? 200 : 404;

        Assert.Equal(new StepOutcome(true), await RunAsync(world, place));
    }

    [Fact]
    public async Task An_application_that_does_not_answer_is_noted()
    {
        await using var world = await World.CreateAsync();

        var outcome = await RunAsync(world, await FinishedAsync(world));

        Assert.False(outcome.Done);
        Assert.Contains("was not asked for its login page", outcome.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(303, "/web/database/selector", "answers 303 to the login page of * it does not serve the database of this host")]
    [InlineData(303, "/odoo/elsewhere?x=1", "it sends the visitor to /odoo/elsewhere.")]
    [InlineData(500, null, "it cannot load the database")]
    [InlineData(503, null, "it is down or busy")]
    [InlineData(404, null, "it knows no such page")]
    public async Task An_answer_that_is_no_login_page_is_noted_as_what_it_is(int status, string? location, string words)
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.LoginPage = _ => status;
        odoo.Location = location;
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { Url = odoo.Url };

        var outcome = await RunAsync(world, await FinishedAsync(world));

        Assert.False(outcome.Done);
        Assert.All(words.Split(" * "), part => Assert.Contains(part, outcome.Note, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_was_not_configured_fails()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => RunAsync(world, place));

        Assert.Contains("its address is not the tenant's; its address is not frozen; it was configured for another tenant", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_still_held_back_fails()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.RunAsync<ConfigureApplication>(place);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => RunAsync(world, place));

        Assert.Contains("the application cannot see it", failed.Message, StringComparison.Ordinal);
    }

    private static async Task<TenantDescriptor> FinishedAsync(World world)
    {
        var place = await world.CloneAsync();
        await world.RunAsync<ConfigureApplication>(place);
        await world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private static Task<StepOutcome> RunAsync(World world, TenantDescriptor place) => world.RunAsync<SmokeTestApplication, TenantDescriptor, StepOutcome>(place);
}
