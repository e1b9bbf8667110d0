using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Credentials;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>The application is a stub that makes users as rows and knows a key as Odoo does; the real one has a test of its own.</summary>
public sealed class CreateStandardUserTests
{
    private const string Password = "standard-user-password";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_user_is_made_by_one_call_without_a_password_and_has_it_afterwards(bool hasJson2)
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.HasJson2 = hasJson2;
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);

        var outcome = await RunAsync(world, place);

        Assert.Equal(new StepOutcome(true), outcome);
        var user = Assert.Single(odoo.Users);
        Assert.Equal($"Ada O'Neill|{place.CustomerEmail}|fr_FR|Europe/Paris", $"{user["name"]}|{user["login"]}|{user["lang"]}|{user["tz"]}");
        Assert.Null(user["password"]);
        Assert.True((bool)Assert.Single(odoo.Contexts)["no_reset_password"]!);
        Assert.True(PasslibPbkdf2Sha512.Verify(Password, await HashAsync(world, place)));
        Assert.Equal(0, await KeysAsync(world, place));
    }

    [Fact]
    public async Task A_customer_without_an_address_gets_a_user_of_the_host()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world) with { CustomerEmail = null };

        await RunAsync(world, place);

        Assert.Equal($"user@{place.Host}", (string?)Assert.Single(odoo.Users)["login"]);
    }

    [Fact]
    public async Task A_customer_whose_address_is_the_administrators_login_gets_a_user_of_the_host()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world) with { CustomerEmail = "Admin" };

        await RunAsync(world, place);

        Assert.Equal($"user@{place.Host}", (string?)Assert.Single(odoo.Users)["login"]);
    }

    [Fact]
    public async Task A_user_of_the_template_with_the_customers_login_makes_room()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);
        await world.ExecuteAsync($"insert into res_users (company_id, partner_id, login, notification_type) values (1, 4, '{place.CustomerEmail}', 'email')", place.Database);

        var outcome = await RunAsync(world, place);

        Assert.True(outcome.Done);
        Assert.Single(odoo.Users);
        Assert.True(PasslibPbkdf2Sha512.Verify(Password, await HashAsync(world, place)));
        Assert.Equal(1, await world.AskAsync<long>($"select count(*) from res_users where login like '{place.CustomerEmail}#%' and password is null", place.Database));
    }

    [Fact]
    public async Task A_restored_user_who_has_the_tenants_password_is_the_customers()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);
        await world.ExecuteAsync(
            $"insert into res_users (company_id, partner_id, login, notification_type, password) values (1, 4, '{place.CustomerEmail}', 'email', '{PasslibPbkdf2Sha512.Hash(Password, 1000)}')",
            place.Database);

        var outcome = await RunAsync(world, place);

        Assert.True(outcome.Done);
        Assert.Empty(odoo.Users);
        Assert.Equal(1, await world.AskAsync<long>($"select count(*) from res_users where login like '{place.CustomerEmail}%'", place.Database));
    }

    [Fact]
    public async Task A_second_run_makes_no_second_user_and_leaves_its_password()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);
        await RunAsync(world, place);
        await world.ExecuteAsync($"update res_users set password = 'changed by its owner' where login = '{place.CustomerEmail}'", place.Database);

        var outcome = await RunAsync(world, place);

        Assert.True(outcome.Done);
        Assert.Single(odoo.Users);
        Assert.Equal("changed by its owner", await HashAsync(world, place));
    }

    [Fact]
    public async Task A_run_after_one_that_was_killed_takes_over_its_user_and_its_key()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);
        var insert = odoo.Made;
        using var killed = new CancellationTokenSource();
        odoo.Made = async (key, database, user) =>
        {
            var made = await insert(key, database, user);
            await world.ExecuteAsync("insert into res_users_apikeys (name, user_id, scope, index, key) values ('bibind: standard user', 2, 'rpc', '00000000', 'of the killed one')", database);
            await killed.CancelAsync();
            return made;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RunAsync<CreateStandardUser, TenantDescriptor, StepOutcome>(place, killed.Token));

        var outcome = await RunAsync(world, place);

        Assert.True(outcome.Done);
        Assert.Equal(0, await KeysAsync(world, place));
        Assert.Equal(1, await world.AskAsync<long>($"select count(*) from res_users where login like '{place.CustomerEmail}%'", place.Database));
        Assert.True(PasslibPbkdf2Sha512.Verify(Password, await HashAsync(world, place)));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_puts_the_user_off_and_leaves_no_key()
    {
        await using var world = await World.CreateAsync();
        var place = await PrepareAsync(world);

        var outcome = await RunAsync(world, place);

        Assert.False(outcome.Done);
        Assert.Contains("cannot be reached", outcome.Note, StringComparison.Ordinal);
        Assert.Equal(0, await KeysAsync(world, place));
    }

    [Fact]
    public async Task A_server_that_cannot_load_the_database_puts_the_user_off()
    {
        await using var odoo = await OdooStub.StartAsync();
        (odoo.HasJson2, odoo.Json2Answer) = (true, (500, "<html>Internal Server Error</html>"));
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);

        var outcome = await RunAsync(world, place);

        Assert.False(outcome.Done);
        Assert.Contains("answered 500", outcome.Note, StringComparison.Ordinal);
        Assert.Equal(0, await KeysAsync(world, place));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_application_refuses_comes_out_in_its_words(bool hasJson2)
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.HasJson2 = hasJson2;
        odoo.CreateError = ("odoo.exceptions.ValidationError", "The user limit of your plan is reached.");
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RunAsync(world, place));

        Assert.EndsWith(": The user limit of your plan is reached.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, await KeysAsync(world, place));
    }

    [Fact]
    public async Task What_fails_inside_the_application_is_tried_again()
    {
        await using var odoo = await OdooStub.StartAsync();
        odoo.CreateError = ("psycopg2.errors.SerializationFailure", "could not serialize access");
        await using var world = await WorldOfAsync(odoo);
        var place = await PrepareAsync(world);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => RunAsync(world, place));

        Assert.Contains("could not serialize access", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_password_and_no_key_is_logged()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var keys = new List<string>();
        var insert = odoo.Made;
        odoo.Made = (key, database, user) =>
        {
            keys.Add(key);
            return insert(key, database, user);
        };

        await RunAsync(world, await PrepareAsync(world));

        var secret = Assert.Single(keys);
        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("-password", StringComparison.Ordinal) || line.Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>An application that makes users as rows, if the key is one of the administrator's.</summary>
    private static async Task<World> WorldOfAsync(OdooStub odoo)
    {
        var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { Url = odoo.Url };
        odoo.Made = async (key, database, user) =>
        {
            var stored = await world.AskAsync<string>(
                $"select key from res_users_apikeys where index = '{key[..8]}' and scope = 'rpc' and user_id = 2 and expiration_date > now() at time zone 'utc'", database);
            if (stored is null || !PasslibPbkdf2Sha512.Verify(key, stored))
            {
                return false;
            }

            await using var connection = await world.OpenAsync(database);
            await using var insert = new NpgsqlCommand("insert into res_users (company_id, partner_id, login, notification_type) values (1, 4, $1, 'email')", connection)
            {
                Parameters = { new() { Value = (string)user["login"]! } },
            };
            await insert.ExecuteNonQueryAsync();
            return true;
        };
        return world;
    }

    private static async Task<TenantDescriptor> PrepareAsync(World world)
    {
        var place = await world.CloneAsync();
        await world.RunAsync<ConfigureApplication>(place);
        await world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private static async Task<string> HashAsync(World world, TenantDescriptor place) =>
        await world.AskAsync<string>($"select password from res_users where login = '{place.CustomerEmail}'", place.Database) ?? string.Empty;

    private static Task<long> KeysAsync(World world, TenantDescriptor place) => world.AskAsync<long>("select count(*) from res_users_apikeys", place.Database);

    private static Task<StepOutcome> RunAsync(World world, TenantDescriptor place) => world.RunAsync<CreateStandardUser, TenantDescriptor, StepOutcome>(place);
}
