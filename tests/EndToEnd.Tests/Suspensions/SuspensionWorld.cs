using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>An active tenant with an application that answers, to be suspended and opened again.</summary>
internal sealed class SuspensionWorld : IAsyncDisposable
{
    private readonly ApplicationStub _application;

    private SuspensionWorld(Installation installation, ApplicationStub application) => (Installation, _application) = (installation, application);

    public Installation Installation { get; }

    public string Code => Installation.Code;

    public static async Task<SuspensionWorld> CreateAsync()
    {
        var world = new SuspensionWorld(await Installation.CreateAsync(), await ApplicationStub.StartAsync());
        world.Installation.Settings["Seed:Server:Url"] = world._application.Url.AbsoluteUri;
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Code));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.Installation.ComesToRestAsync();
        await using var control = world.Installation.Control.CreateCommand("delete from control.pending_items where kind <> 'first-backup'");
        await control.ExecuteNonQueryAsync();
        return world;
    }

    /// <summary>Orders a suspension; answers the job's address.</summary>
    public Task<string> SuspendAsync(Api api) => SuspendAsync(api, "operator");

    /// <summary>The same for a cause.</summary>
    public Task<string> SuspendAsync(Api api, string cause) => OrderAsync(api, "suspend", new() { ["cause"] = cause, ["reason"] = "as the test wants" });

    public Task<string> ResumeAsync(Api api) => OrderAsync(api, "resume", new() { ["reason"] = "paid" });

    public Task<string> OrderAsync(Api api, string what, JsonObject command) => api.PostAsync($"/api/tenants/{Code}/{what}", command);

    public async Task<JsonObject> SucceedsAsync(Api api, string job)
    {
        var end = await api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        return end;
    }

    /// <summary>It is suspended, and its own role neither enters the database nor opens it.</summary>
    public async Task AssertSuspendedAsync(Api api)
    {
        await Installation.ComesToRestAsync();
        var tenant = await api.GetAsync($"/api/tenants/{Code}");
        Assert.Equal("suspended", (string?)tenant["state"]);
        Assert.NotNull(tenant["suspension"]?["since"]);
        Assert.Equal(1, await Installation.CountAsync("select count(*) from control.tenant_suspensions where lifted_by is null"));
        Assert.False(await MayEnterAsync());
        Assert.Equal([Code], await Installation.DatabasesAsync());
    }

    /// <summary>It is open as it was, and nothing of a suspension is left.</summary>
    public async Task AssertOpenAsync(Api api)
    {
        await Installation.ComesToRestAsync();
        var tenant = await api.GetAsync($"/api/tenants/{Code}");
        Assert.Equal(("active", null, null), ((string?)tenant["state"], (string?)tenant["reason"], tenant["suspension"]));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_suspensions"));
        Assert.True(await MayEnterAsync());
        Assert.Equal([Code], await Installation.DatabasesAsync());
    }

    /// <summary>What the control database says of the tenant, whose code is <c>$1</c>.</summary>
    public async Task<string> TextAsync(string sql)
    {
        await using var command = Installation.Control.CreateCommand(sql);
        command.Parameters.Add(new() { Value = Code });
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Somebody opens its database, though it is suspended.</summary>
    public async Task OpenDatabaseByHandAsync()
    {
        await using var superuser = OpenAsSuperuser();
        await using var command = superuser.CreateCommand($"alter database {new NpgsqlCommandBuilder().QuoteIdentifier(Code)} allow_connections true");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>True if its database takes connections.</summary>
    public async Task<bool> TakesConnectionsAsync()
    {
        await using var superuser = OpenAsSuperuser();
        await using var command = superuser.CreateCommand("select datallowconn from pg_database where datname = $1");
        command.Parameters.Add(new() { Value = Code });
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>True if the application lists the database, and its role enters it.</summary>
    public async Task<bool> MayEnterAsync()
    {
        const string Listed = "select datallowconn and not datistemplate and pg_get_userbyid(datdba) = $1 from pg_database where datname = $2";
        await using var superuser = OpenAsSuperuser();
        await using var command = superuser.CreateCommand(Listed);
        command.Parameters.Add(new() { Value = LocalServer.ApplicationRole });
        command.Parameters.Add(new() { Value = Code });
        return await command.ExecuteScalarAsync() is true && await CanConnectAsync();
    }

    private NpgsqlDataSource OpenAsSuperuser() =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Installation.SuperuserConnectionString) { Database = "postgres", Pooling = false }.ConnectionString);

    private async Task<bool> CanConnectAsync()
    {
        await using var database = Installation.OpenTenantAsApplication(Code);
        try
        {
            await using var connection = await database.OpenConnectionAsync();
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await Installation.DisposeAsync();
    }
}
