using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Database;
using Bibind.Activities.Suspensions;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Suspensions;

/// <summary>Databases of suspended tenants at a real PostgreSQL, where all tenants share the application's role: the weaker of both set-ups.</summary>
public sealed class SuspendedDatabasesTests : IAsyncLifetime
{
    private World _world = null!;

    private MemorySuspensions Suspensions => (MemorySuspensions)_world.Get<ISuspensions>();

    private SuspendedDatabases Databases => _world.Get<SuspendedDatabases>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("alter database {0} allow_connections true")]
    [InlineData("alter database {0} owner to odoo")]
    [InlineData("alter database {0} is_template true")]
    [InlineData("alter database {0} rename to mine")]
    [InlineData("grant connect on database {0} to odoo")]
    [InlineData("create database mine template {0}")]
    [InlineData("drop database {0}")]
    public async Task A_suspended_tenants_role_neither_opens_nor_copies_its_database(string attack)
    {
        var place = await LiveAsync();
        await SuspendAsync(place);
        await using var elsewhere = await _world.OpenAsync("postgres", LocalServer.ApplicationRole);
        await using var command = new NpgsqlCommand(string.Format(null, attack, SqlText.Identifier(place.Database)), elsewhere);

        Assert.IsType<string>(Assert.ThrowsAny<PostgresException>(() => command.ExecuteNonQuery()).SqlState);

        await AssertShutAsync(place);
    }

    [Fact]
    public async Task Sessions_end_and_nobody_comes_back_whatever_the_tenant_granted_before()
    {
        var place = await LiveAsync();
        await using var session = await _world.OpenAsync(place.Database, LocalServer.ApplicationRole);
        await using (var grant = new NpgsqlCommand($"grant all on database {place.Database} to public with grant option", session))
        {
            Assert.ThrowsAny<PostgresException>(() => grant.ExecuteNonQuery());
            grant.CommandText = $"grant all on database {place.Database} to public; grant all on database {place.Database} to {LocalServer.ApplicationRole} with grant option";
            await grant.ExecuteNonQueryAsync(Token);
        }

        var shut = await SuspendAsync(place);

        Assert.Equal((1, null), (shut.EndedSessions, shut.Note));
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            await using var command = new NpgsqlCommand("select 1", session);
            await command.ExecuteScalarAsync(Token);
        });
        await AssertShutAsync(place);
        Assert.False(await _world.AskAsync<bool>($"select has_database_privilege('{LocalServer.ApplicationRole}', '{place.Database}', 'connect')"));

        // The application lists what it owns: its crons leave the database alone.
        Assert.False(await _world.AskAsync<bool>(
            $"select pg_get_userbyid(datdba) = '{LocalServer.ApplicationRole}' or datallowconn from pg_database where datname = '{place.Database}'"));
        Assert.Equal(0, (await _world.RunAsync<ShutSuspendedDatabase, TenantDescriptor, DatabaseShut>(place, Token)).EndedSessions);
    }

    [Fact]
    public async Task Handing_over_opens_only_what_is_not_to_stay_suspended()
    {
        var place = await LiveAsync();
        await SuspendAsync(place);

        await _world.RunAsync<HandOverApplication>(place);
        await AssertShutAsync(place);

        Suspensions.Lift(place);
        await _world.RunAsync<HandOverApplication>(place);
        await using var odoo = await _world.OpenAsync(place.Database, LocalServer.ApplicationRole);
        await using var write = new NpgsqlCommand("create table written (id int)", odoo);
        await write.ExecuteNonQueryAsync(Token);
        Assert.Equal(LocalServer.ApplicationRole, await _world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{place.Database}'"));
    }

    [Fact]
    public async Task A_suspended_tenant_is_backed_up_and_gets_its_address_and_is_shut_again_after_each()
    {
        var place = await LiveAsync();
        await SuspendAsync(place);

        var taken = await _world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "scheduled"), Token);
        await AssertShutAsync(place);
        await _world.RunAsync<SetApplicationAddress>(place with { BaseUrl = "https://new.example.com" });

        Assert.True(taken.Bytes > 1000);
        await AssertShutAsync(place);
        Assert.True((await _world.RunAsync<SmokeTestApplication, TenantDescriptor, StepOutcome>(place, Token)).Done);
    }

    [Fact]
    public async Task It_is_open_for_our_login_until_the_last_of_our_steps_has_left()
    {
        var place = await LiveAsync();
        await SuspendAsync(place);

        var first = await Databases.EnterAsync(place, Token);
        var second = await Databases.EnterAsync(place, Token);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await using (await _world.Get<PostgresConnector>().OpenAsync(place, Token))
        {
            Assert.NotEqual(LocalServer.ApplicationRole, await _world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{place.Database}'"));
        }

        await second.DisposeAsync();
        await AssertShutAsync(place);

        // Opened for good meanwhile: what was let in does not shut it.
        var third = await Databases.EnterAsync(place, Token);
        Suspensions.Lift(place);
        await _world.RunAsync<HandOverApplication>(place);
        await third.DisposeAsync();
        await using var odoo = await _world.OpenAsync(place.Database, LocalServer.ApplicationRole);
    }

    [Fact]
    public async Task What_is_not_suspended_is_entered_as_ever_and_what_is_not_ours_is_not_shut()
    {
        var place = await LiveAsync();
        await using (await Databases.EnterAsync(place, Token))
        {
        }

        await using var odoo = await _world.OpenAsync(place.Database, LocalServer.ApplicationRole);
        var foreign = World.NewPlace();
        await _world.ExecuteAsync($"create database {foreign.Database}");
        await Assert.ThrowsAsync<PermanentFailureException>(() => Databases.ShutAsync(foreign, Token));
        Assert.True(await _world.AskAsync<bool>($"select datallowconn from pg_database where datname = '{foreign.Database}'"));
        await _world.ExecuteAsync($"drop database {foreign.Database}");
    }

    private async Task<TenantDescriptor> LiveAsync()
    {
        var place = await _world.CloneAsync();
        await _world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private Task<DatabaseShut> SuspendAsync(TenantDescriptor place)
    {
        Suspensions.Suspend(place);
        return _world.RunAsync<ShutSuspendedDatabase, TenantDescriptor, DatabaseShut>(place, Token);
    }

    private async Task AssertShutAsync(TenantDescriptor place)
    {
        Assert.True(await Databases.IsShutAsync(place, Token));
        await Assert.ThrowsAsync<PostgresException>(() => _world.OpenAsync(place.Database, LocalServer.ApplicationRole));
    }
}
