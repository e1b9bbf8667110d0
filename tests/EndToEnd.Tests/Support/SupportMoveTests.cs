using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests.Moves;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Support;

/// <summary>An operator in the application of a tenant that is moved meanwhile: out at the end, wherever the tenant's database and its copies are.</summary>
public sealed class SupportMoveTests : IAsyncLifetime
{
    private ApplicationStub _application = null!;
    private EmbeddedPostgres _second = null!;
    private SupportWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        (_application, _second, _world) = (await ApplicationStub.StartAsync(), await MoveWorld.Second.Value, await SupportWorld.CreateAsync());
        await using var host = await InProcessHost.StartAsync(_world.Installation);
        await host.Api.AddServerAsync("second", _second, _application.Url, skipApplicationTest: true);
    }

    [Fact]
    public async Task An_access_to_a_tenant_that_moves_is_used_there_and_ends_there_and_in_the_copy_that_is_kept()
    {
        await using var host = await InProcessHost.StartAsync(_world.Installation);
        var access = await _world.OpenAsync(host.Api);
        var shown = await _world.CredentialsAsync(host.Api, access);

        await SucceedsAsync(host.Api, "move", new() { ["reason"] = "Away." });

        Assert.True(await CanSignInAsync("second", shown));
        Assert.True(await CanSignInAsync("local", shown));
        await EndsAsync(host.Api, access, shown);

        // Whoever opens the copy by hand opens one without the account.
        Assert.Equal(1, await _world.Installation.CountAsync("select count(*) from control.tenant_moves where copy_server_id is not null"));
        await using var copy = Open("local");
        Assert.True(await TenantAssertions.ScalarAsync<bool>(
            copy, "select datistemplate and current_setting('transaction_read_only') = 'on' from pg_database where datname = current_database()"));
        Assert.Equal(1, await TenantAssertions.ScalarAsync<long>(copy, "select count(*) from res_users where login like 'support-ended-%'"));
    }

    [Theory]
    [InlineData("moves.compare")]
    [InlineData("moves.switch")]
    [InlineData("moves.end")]
    public async Task An_access_that_ends_while_the_tenant_moves_is_over_once_it_has_moved(string step)
    {
        var atStep = new StopsAt(step);
        await using var host = await InProcessHost.StartAsync(_world.Installation, atStep);
        var access = await _world.OpenAsync(host.Api);
        var shown = await _world.CredentialsAsync(host.Api, access);
        var move = await OrderAsync(host.Api, "move", new() { ["reason"] = "Away." });
        await atStep.Reached;

        await _world.RevokeAsync(host.Api, access);
        await _world.BecomesAsync(host.Api, access, "ending");
        atStep.Release();

        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(move))["state"]);
        await EndsAsync(host.Api, access, shown, isRevoked: true);
    }

    [Fact]
    public async Task An_access_that_ends_while_the_tenant_moves_is_over_once_the_move_is_undone()
    {
        _world.Installation.SweepOften();
        var atStep = new StopsAt("moves.end");
        await using var host = await InProcessHost.StartAsync(_world.Installation, atStep);
        var access = await _world.OpenAsync(host.Api);
        var shown = await _world.CredentialsAsync(host.Api, access);
        var move = await OrderAsync(host.Api, "move", new() { ["reason"] = "Away." });
        await atStep.Reached;

        // It lives there already, and is locked out there; where it comes back to, it is not yet.
        await _world.RevokeAsync(host.Api, access);
        await Eventually.UntilAsync(async () => !await CanSignInAsync("second", shown), SupportWorld.Patience, "the account is locked out there");
        Assert.True(await CanSignInAsync("local", shown));
        await host.TerminateAsync(move);
        await _world.BecomesAsync(host.Api, access, "ended");
        atStep.Release();

        Assert.Equal("local", (string?)(await host.Api.GetAsync($"/api/tenants/{_world.Code}"))["server"]);
        Assert.False(await CanSignInAsync("local", shown));
        await _world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_copy_of_a_tenant_that_was_suspended_when_it_moved_keeps_no_account_either_and_stays_shut()
    {
        await using var host = await InProcessHost.StartAsync(_world.Installation);
        var access = await _world.OpenAsync(host.Api);
        var shown = await _world.CredentialsAsync(host.Api, access);
        await SucceedsAsync(host.Api, "suspend", new() { ["cause"] = "operator", ["reason"] = "test" });
        await SucceedsAsync(host.Api, "move", new() { ["reason"] = "Away." });
        await SucceedsAsync(host.Api, "resume", []);
        Assert.True(await CanSignInAsync("second", shown));

        await _world.RevokeAsync(host.Api, access);
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.False(await CanSignInAsync("second", shown));
        await using var admin = NpgsqlDataSource.Create(_world.Installation.SuperuserConnectionString);
        Assert.False(await TenantAssertions.ScalarAsync<bool>(admin, $"select datallowconn from pg_database where datname = '{_world.Code}'"));
        await using (var open = admin.CreateCommand($"alter database {new NpgsqlCommandBuilder().QuoteIdentifier(_world.Code)} allow_connections true"))
        {
            await open.ExecuteNonQueryAsync();
        }

        Assert.False(await CanSignInAsync("local", shown));
        await _world.Installation.ComesToRestAsync();
        await _world.AssertOverAsync();
    }

    [Fact]
    public async Task A_copy_that_was_removed_or_is_not_ours_any_more_keeps_no_access_from_its_end()
    {
        await using var host = await InProcessHost.StartAsync(_world.Installation);
        var access = await _world.OpenAsync(host.Api);
        await SucceedsAsync(host.Api, "move", new() { ["reason"] = "Away." });
        await _world.Installation.DropAsync(_world.Code);
        await using (var admin = NpgsqlDataSource.Create(_world.Installation.SuperuserConnectionString))
        {
            await using var plant = admin.CreateCommand($"create database {new NpgsqlCommandBuilder().QuoteIdentifier(_world.Code)}");
            await plant.ExecuteNonQueryAsync();
        }

        await _world.RevokeAsync(host.Api, access);
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Contains("was not looked at: A database named", end.ToString(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await using (var admin = NpgsqlDataSource.Create(_second.SuperuserConnectionString))
        {
            var name = new NpgsqlCommandBuilder().QuoteIdentifier(_world.Code);
            await using var drop = admin.CreateCommand($"drop database if exists {name} with (force)");
            await drop.ExecuteNonQueryAsync();
        }

        await _world.DisposeAsync();
        await _application.DisposeAsync();
    }

    /// <summary>Ends the access; nobody can sign in, where the tenant lives nor in its copy, and everything is closed.</summary>
    private async Task EndsAsync(Api api, JsonObject access, JsonObject shown, bool isRevoked = false)
    {
        if (!isRevoked)
        {
            await _world.RevokeAsync(api, access);
        }

        var end = await api.EndOfAsync(SupportWorld.JobOf(access));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal("second", (string?)(await api.GetAsync($"/api/tenants/{_world.Code}"))["server"]);
        await _world.Installation.ComesToRestAsync();
        foreach (var server in new[] { "second", "local" })
        {
            Assert.False(await CanSignInAsync(server, shown), server);
            await using var database = Open(server);
            await SupportWorld.AssertNoAccountAsync(database);
        }

        await _world.AssertOverAsync();
    }

    private async Task SucceedsAsync(Api api, string what, JsonObject command)
    {
        var end = await api.EndOfAsync(await OrderAsync(api, what, command));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
    }

    private Task<string> OrderAsync(Api api, string what, JsonObject command) => api.PostAsync($"/api/tenants/{_world.Code}/{what}", command);

    private async Task<bool> CanSignInAsync(string server, JsonObject shown)
    {
        await using var database = Open(server);
        return await SupportWorld.CanSignInAsync(database, shown);
    }

    private NpgsqlDataSource Open(string server) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(
        server == "local" ? _world.Installation.SuperuserConnectionString : _second.SuperuserConnectionString)
    { Database = _world.Code, Pooling = false }.ConnectionString);
}
