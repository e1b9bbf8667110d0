using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class CreateStandardUserTests
{
    [Fact]
    public async Task The_user_is_made_with_its_password_and_locale_and_without_an_invitation()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = Prepare(world);

        var outcome = await RunAsync(world, place);

        Assert.Equal(new StepOutcome(true), outcome);
        var user = Assert.Single(odoo.Users);
        Assert.Equal(
            $"Ada O'Neill|{place.CustomerEmail}|standard-user-password|fr_FR|Europe/Paris",
            $"{user["name"]}|{user["login"]}|{user["password"]}|{user["lang"]}|{user["tz"]}");
        Assert.True((bool)Assert.Single(odoo.Contexts)["no_reset_password"]!);
    }

    [Fact]
    public async Task A_customer_without_an_address_gets_a_user_of_the_host()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = Prepare(world) with { CustomerEmail = null };

        await RunAsync(world, place);

        Assert.Equal($"user@{place.Host}", (string?)Assert.Single(odoo.Users)["login"]);
    }

    [Fact]
    public async Task A_second_run_makes_no_second_user()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = Prepare(world);
        await RunAsync(world, place);

        var outcome = await RunAsync(world, place);

        Assert.True(outcome.Done);
        Assert.Single(odoo.Users);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_puts_the_user_off()
    {
        await using var world = await World.CreateAsync();

        var outcome = await RunAsync(world, Prepare(world));

        Assert.False(outcome.Done);
        Assert.Contains("does not answer", outcome.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_application_refuses_comes_out_in_its_words()
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.CreateError = ("odoo.exceptions.ValidationError", "The user limit of your plan is reached.");
        await using var world = await WorldOfAsync(odoo);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RunAsync(world, Prepare(world)));

        Assert.EndsWith("refused object.execute_kw: The user limit of your plan is reached.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_inside_the_application_is_tried_again()
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.CreateError = ("psycopg2.errors.SerializationFailure", "could not serialize access");
        await using var world = await WorldOfAsync(odoo);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => RunAsync(world, Prepare(world)));

        Assert.Contains("could not serialize access", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_who_is_refused_is_said_so()
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.AdministratorPassword = "another";
        await using var world = await WorldOfAsync(odoo);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RunAsync(world, Prepare(world)));

        Assert.Contains("refused the administrator", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_password_is_logged()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);

        await RunAsync(world, Prepare(world));

        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("-password", StringComparison.Ordinal));
    }

    private static async Task<World> WorldOfAsync(OdooStub odoo)
    {
        var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { Url = odoo.Url };
        return world;
    }

    private static TenantPlace Prepare(World world)
    {
        var place = World.NewPlace();
        world.Secrets.Values[$"tenants/{place.TenantId}/administrator"] = "administrator-password";
        world.Secrets.Values[$"tenants/{place.TenantId}/user"] = "standard-user-password";
        return place;
    }

    private static Task<StepOutcome> RunAsync(World world, TenantPlace place) => world.RunAsync<CreateStandardUser, TenantPlace, StepOutcome>(place);
}
