using System.Net;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;

namespace Bibind.Odoo.Tests;

/// <summary>A tenant of the real Odoo that is suspended: nobody gets in, no cron runs, and after the resume everything is as it was.</summary>
public sealed class TenantSuspensionTests
{
    private const string Due = "update ir_cron set nextcall = now() - interval '1 hour', lastcall = null where active";
    private const string Ran = "select count(*) from ir_cron where lastcall is not null";

    [Fact]
    public async Task Nobody_gets_in_and_no_cron_runs_until_it_is_opened_again()
    {
        await using var world = await OdooWorld.StartAsync();
        var (code, neighbour) = (await world.OrderAsync(), await world.OrderAsync());
        var people = await world.RevealAsync(code);
        await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);

        await world.SucceedsAsync($"/api/tenants/{code}/suspend", new JsonObject { ["cause"] = "payment", ["reason"] = "test" });

        Assert.Equal(HttpStatusCode.PaymentRequired, (await world.Effects.GetAsync(code)).Status);
        await Assert.ThrowsAnyAsync<Exception>(() => world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password));
        await ExecuteShutAsync(world, code, Due);
        var (_, backup, body) = await world.Api.TryPostAsync($"/api/tenants/{code}/backups", []);
        Assert.True(backup is not null, body.ToString());
        Assert.Equal("succeeded", (string?)(await world.Api.EndOfAsync(backup, seconds: 200))["state"]);

        // The neighbour's crons come as ever: Odoo has looked at all its databases then.
        await using (var open = NpgsqlDataSource.Create(Sql.OtherDatabase(world.Odoo.Postgres.SuperuserConnectionString, neighbour)))
        {
            await ExecuteAsync(open, Due);
            await Eventually.UntilAsync(
                async () =>
                {
                    await using var ran = open.CreateCommand(Ran);
                    return await ran.ExecuteScalarAsync() is > 0L;
                },
                TimeSpan.FromSeconds(150), "a cron of the neighbour runs");
        }

        Assert.Equal(0, await ExecuteShutAsync(world, code, Ran));

        await world.SucceedsAsync($"/api/tenants/{code}/resume", new JsonObject { ["reason"] = "paid" });

        Assert.NotNull(await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password));
        Assert.NotEqual(HttpStatusCode.PaymentRequired, (await world.Effects.GetAsync(code)).Status);
    }

    // As a superuser, who alone could open the database, and shuts it again before anybody else comes.
    private static async Task<long> ExecuteShutAsync(OdooWorld world, string code, string sql)
    {
        await using var postgres = NpgsqlDataSource.Create(world.Odoo.Postgres.SuperuserConnectionString);
        await ExecuteAsync(postgres, $"alter database {code} allow_connections true");
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Sql.OtherDatabase(world.Odoo.Postgres.SuperuserConnectionString, code)) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync() is long value ? value : 0;
        }
        finally
        {
            await ExecuteAsync(postgres, $"alter database {code} allow_connections false");
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
