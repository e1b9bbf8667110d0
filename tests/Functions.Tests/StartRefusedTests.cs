using System.Security.Cryptography;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A host that could damage the installation ends its start before it takes any work.</summary>
public sealed class StartRefusedTests(PostgresServer postgres)
{
    [Fact]
    public async Task Another_master_key_than_the_installations_is_refused_also_where_nothing_was_stored_yet()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        await StartAndStopAsync(connection, NewKey());
        var (wrong, before) = (NewKey(), await StateAsync(connection));

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAndStopAsync(connection, wrong));

        Assert.StartsWith("Secrets__MasterKey does not open the secrets of this installation: its id is ", refused.Message, StringComparison.Ordinal);
        Assert.Matches("[0-9]+ secrets? (is|are) stored with the key [0-9a-f]{8}", refused.Message);
        Assert.DoesNotContain(wrong, refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await StateAsync(connection));
    }

    [Fact]
    public async Task An_installation_of_before_the_check_is_told_by_its_secrets()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        var key = NewKey();
        await StartAndStopAsync(connection, key);
        await RunAsync(connection, "delete from control.secrets where name = 'installation/master-key'");

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAndStopAsync(connection, NewKey()));
        await StartAndStopAsync(connection, key);

        Assert.Contains("Secrets__MasterKey", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("insert into control.schema_migrations (version, name, checksum, applied_at) values (9998, '9998_later', 'x', now())", "9998_later", "control database")]
    [InlineData("insert into durable.schema_versions (name) values ('998_later.sql')", "998_later.sql", "task hub")]
    public async Task A_database_of_a_newer_version_is_refused(string newer, string name, string what)
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        var key = NewKey();
        await StartAndStopAsync(connection, key);
        await RunAsync(connection, newer);

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAndStopAsync(connection, key));

        Assert.Contains($"The {what} belongs to a newer version", refused.Message, StringComparison.Ordinal);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private async Task StartAndStopAsync(string connection, string masterKey)
    {
        await using WebApplication app = FunctionsHost.Build(
            [.. new ApiHost(postgres).Arguments(), $"--ControlDatabase={connection}", $"--Secrets:MasterKey={masterKey}"],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
            });
        await app.StartAsync();
        await app.StopAsync();
    }

    private static async Task RunAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What a start writes: secrets, servers, and what the worker has taken.</summary>
    private static async Task<string> StateAsync(string connection)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(
            "select (select string_agg(name || key_id, ',' order by name) from control.secrets) || (select count(*) from control.servers) || (select count(*) from durable.leases)");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
