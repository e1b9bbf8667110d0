using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Local;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Usage;

/// <summary>A host that measures, and tenants with real databases, which are nobody's when the test ends.</summary>
public abstract class UsageWorld(PostgresServer postgres, UsageHost fixture) : IAsyncDisposable
{
    private readonly List<string> _databases = [];

    protected ApiHost Host => fixture.Host;

    protected PostgresServer Postgres => postgres;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Host.ExecuteAsync(
            """
            update control.tenants set state = 'terminated', ended_at = now() where state <> 'terminated';
            delete from control.tenant_usage;
            delete from control.usage_servers;
            """);
        foreach (var database in _databases)
        {
            await postgres.RunAsync($"drop database if exists \"{database}\" with (force)");
        }
    }

    protected static string Users(int count, string more = "select 1") =>
        $"""
        create table res_users (id integer, active boolean, share boolean);
        insert into res_users select i, true, false from generate_series(1, {count}) i;
        insert into res_users values (0, true, true), (0, false, false), (0, null, null);
        {more}
        """;

    // As ordered and made: its database belongs to the application and holds what the statement puts there.
    protected async Task AddAsync(string code, string? sql, string? server = null)
    {
        await Host.OrderTenantAsync(code);
        await Host.ExecuteAsync($"update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null");
        await Host.ExecuteAsync(
            $"""
            update control.tenants set state = 'active', activated_at = now(), server_id = (select id from control.servers where code = '{server ?? ApiHost.Server}')
            where code = '{code}' and state = 'provisioning'
            """);
        if (sql is not null)
        {
            await CreateDatabaseAsync(code, sql);
        }
    }

    protected async Task CreateDatabaseAsync(string name, string sql)
    {
        _databases.Add(name);
        await postgres.RunAsync($"create database \"{name}\" owner {LocalServer.ApplicationRole}");
        await RunInAsync(name, sql);
    }

    protected async Task RunInAsync(string database, string sql) => await ScalarInAsync(database, sql);

    protected async Task<int?> ScalarInAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.Postgres.ConnectionString(database, LocalServer.ApplicationRole));
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        var result = (int?)await command.ExecuteScalarAsync(Token);
        NpgsqlConnection.ClearPool(connection);
        return result;
    }

    protected Task TickAsync(DateTimeOffset moment) =>
        ActivatorUtilities.CreateInstance<MeasureUsage>(Host.Services).RunAsync(new TimerTick("measureUsage", moment), Token);

    protected Task<long> DueAsync(DateTimeOffset moment) => Host.ScalarAsync<long>($"select count(*) from control.tenant_usage where due_at <= '{moment:O}'");

    protected async Task<JsonElement> TenantAsync(string code)
    {
        using var answer = await Host.GetAsync($"/api/tenants/{code}");
        return await ApiHost.JsonAsync(answer);
    }

    protected async Task<List<JsonElement>> ItemsAsync(string path)
    {
        using var answer = await Host.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }
}

/// <summary>A host that gives tenants little time.</summary>
public sealed class UsageHost(PostgresServer postgres) : IAsyncLifetime
{
    public ApiHost Host { get; } = new(postgres) { More = ["--Usage:Limit=00:00:02", "--Usage:PerServer=4"] };

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
