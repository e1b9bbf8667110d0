using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Postgres;
using Bibind.Testing;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>The pool of an installation's template: its size, its rounds, and what of it is there.</summary>
internal sealed class Pool(Installation installation)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>An installation whose server and template are registered, with a pool that nobody fills yet.</summary>
    public static async Task<Pool> SeedAsync(Installation installation, int size)
    {
        await using (await InProcessHost.StartAsync(installation))
        {
        }

        var pool = new Pool(installation);
        await pool.SizeAsync(size);
        return pool;
    }

    /// <summary>The same, filled.</summary>
    public static async Task<Pool> FillAsync(Installation installation, int size)
    {
        var pool = await SeedAsync(installation, size);
        await pool.StartAsync();
        await using var host = await InProcessHost.StartAsync(installation);
        await pool.IsReadyAsync(size);
        await pool.EndsAsync();
        return pool;
    }

    public Task SizeAsync(int size) => RunAsync($"update control.templates set warm_pool_size = {size} where code = 'blank'");

    /// <summary>Starts what a timer starts; whatever host works next runs it.</summary>
    public async Task StartAsync()
    {
        await using var hub = new PostgresTaskHub(installation.Control);
        var server = await installation.CountAsync("select id from control.servers where code = 'local'");
        await new TaskHubClient(hub).ScheduleNewOrchestrationInstanceAsync(
            Orchestrations.KeepWarmPools, new WarmPoolOrder(server, "local"),
            new HubStartOptions { InstanceId = WarmPools.InstanceOf(server), ReplaceableStatuses = [OrchestrationRuntimeStatus.Completed] });
    }

    /// <summary>Waits until so many clones are ready.</summary>
    public Task IsReadyAsync(int count) => Eventually.UntilAsync(
        async () => await installation.CountAsync("select count(*) from control.pool_entries where state = 'ready'") == count, Patience, $"{count} clones are ready");

    /// <summary>Waits until there is nothing to do about the pool.</summary>
    public Task EndsAsync() => Eventually.UntilAsync(
        async () => await installation.CountAsync("select count(*) from durable.leases where instance_id like 'timer-warm-pools-%'") == 0, Patience, "the pool is at rest");

    /// <summary>Empties the pool with a host of its own, and counts what is left of it: nothing.</summary>
    public async Task DrainAsync(InProcessHost host)
    {
        Assert.NotNull(host);
        await EndsAsync();
        await SizeAsync(0);
        await StartAsync();
        await EndsAsync();
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.pool_entries"));
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.databases where purpose = 'pool'"));
        Assert.Empty(await DatabasesAsync());
        Assert.Empty(Stores());
    }

    /// <summary>The pool's databases on the server.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync()
    {
        await using var label = installation.Control.CreateCommand("select label from control.warm_pool_label");
        var prefix = $"pool_{await label.ExecuteScalarAsync()}_";
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand("select datname from pg_database where starts_with(datname, $1) order by oid");
        command.Parameters.AddWithValue(prefix);
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    /// <summary>The pool's file stores.</summary>
    public IReadOnlyList<string> Stores() =>
        [.. Directory.EnumerateDirectories(installation.Files).Select(d => Path.GetFileName(d)).Where(n => n.Contains("pool_", StringComparison.Ordinal))];

    /// <summary>PostgreSQL's number for a database.</summary>
    public async Task<uint> OidAsync(string database)
    {
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand("select oid from pg_database where datname = $1");
        command.Parameters.AddWithValue(database);
        return (uint)(await command.ExecuteScalarAsync())!;
    }

    public async Task RunAsync(string sql)
    {
        await using var command = installation.Control.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task RunAsSuperuserAsync(string sql)
    {
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
