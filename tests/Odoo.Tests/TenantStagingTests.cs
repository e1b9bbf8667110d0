using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;

namespace Bibind.Odoo.Tests;

/// <summary>A staging copy of a tenant of the real Odoo: people sign in to it, no mail leaves it, no cron runs in it, and its tenant serves on.</summary>
public sealed class TenantStagingTests
{
    private const string Due = "update ir_cron set nextcall = now() - interval '1 hour', lastcall = null";
    private const string Ran = "select count(*) from ir_cron where lastcall is not null";
    private const string Identity = "select string_agg(value, ' ' order by key) from ir_config_parameter where key in ('database.uuid', 'database.secret')";

    [Fact]
    public async Task A_copy_is_signed_in_to_and_silent_and_its_tenant_serves_on()
    {
        await using var world = await OdooWorld.StartAsync();
        using var mail = new MailListener();
        var code = await world.OrderAsync();
        var copy = world.Adopt($"{code}-staging");
        var people = await world.RevealAsync(code);
        var tenant = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        await tenant.CreateAsync("res.partner", new JsonObject { ["name"] = "A customer of ours", ["email"] = "customer@example.org" });
        var server = new JsonObject { ["name"] = "ours", ["smtp_host"] = "127.0.0.1", ["smtp_port"] = mail.Port, ["smtp_user"] = "mailer", ["smtp_pass"] = "mail-password" };
        await tenant.CreateAsync("ir.mail_server", server);
        var before = await AskAsync<string>(world, code, Identity);

        var made = await OrderAsync(world, code, async () =>
        {
            Assert.True((int)(await world.Effects.GetAsync(code)).Status < 400);
            Assert.Single(await tenant.FindAsync("res.partner", [new JsonArray("name", "=", "A customer of ours")], ["name"]));
        });

        // The source is as it was.
        Assert.Equal(before, await AskAsync<string>(world, code, Identity));
        Assert.Equal("mail-password", await AskAsync<string>(world, code, "select smtp_pass from ir_mail_server where name = 'ours'"));
        Assert.NotEqual(0, await AskAsync<long>(world, code, "select count(*) from ir_cron where active"));

        // Its modules were asked by the program itself.
        var report = made["result"]!["staging"]!;
        Assert.True((bool)report["byModules"]!, report.ToString());
        Assert.Equal("true", await AskAsync<string>(world, copy, "select value from ir_config_parameter where key = 'database.is_neutralized'"));
        Assert.NotEqual(before, await AskAsync<string>(world, copy, Identity));

        // People of ours and of the tenant's are there.
        var own = await world.RevealAsync(copy);
        using (var visitor = await world.VisitAsync(copy))
        {
            Assert.Equal(copy, (string?)(await visitor.SignInAsync(own[0].Login, own[0].Password))!["db"]);
        }

        await Assert.ThrowsAnyAsync<Exception>(() => world.Odoo.Client.SignInAsync(copy, people[0].Login, people[0].Password));
        var session = await world.Odoo.Client.SignInAsync(copy, own[0].Login, own[0].Password);
        await world.Odoo.Client.SignInAsync(copy, own[1].Login, own[1].Password);
        var customer = Assert.Single(await session.FindAsync("res.partner", [new JsonArray("name", "=", "A customer of ours")], ["email"]));
        Assert.EndsWith("@masked.invalid", (string?)customer["email"], StringComparison.Ordinal);
        Assert.Empty(await world.MissingFilesAsync(copy));

        // No mail leaves, whatever is sent.
        Assert.Empty(await session.FindAsync("ir.mail_server", [new JsonArray("smtp_host", "!=", "invalid"), new JsonArray("active", "in", new JsonArray(true, false))], ["name"]));
        var message = await session.CreateAsync("mail.mail", new JsonObject { ["subject"] = "Hello", ["body_html"] = "<p>Hello</p>", ["email_to"] = "customer@example.org", ["email_from"] = "us@example.org", ["auto_delete"] = false });
        await session.CallAsync("mail.mail", "send", [new JsonArray(message)]);
        Assert.NotEqual("sent", await AskAsync<string>(world, copy, $"select state from mail_mail where id = {message}"));
        Assert.Equal(0, mail.Calls);

        // No cron runs: those of the tenant come as ever, and Odoo has looked at all its databases then.
        Assert.Empty(await session.FindAsync("ir.cron", [new JsonArray("active", "=", true)], ["name"]));
        await AskAsync<long?>(world, copy, Due);
        await AskAsync<long?>(world, code, $"{Due} where active");
        await Eventually.UntilAsync(async () => await AskAsync<long>(world, code, Ran) > 0, TimeSpan.FromSeconds(200), "a cron of the tenant runs");
        Assert.Equal(0, await AskAsync<long>(world, copy, Ran));

        // Refreshed, it has what the tenant has now, at the same address and with the same passwords.
        await tenant.CreateAsync("res.partner", new JsonObject { ["name"] = "A later customer" });
        await OrderAsync(world, code, () => Task.CompletedTask);
        session = await world.Odoo.Client.SignInAsync(copy, own[0].Login, own[0].Password);
        Assert.Single(await session.FindAsync("res.partner", [new JsonArray("name", "=", "A later customer")], ["name"]));
        Assert.Empty(await session.FindAsync("ir.cron", [new JsonArray("active", "=", true)], ["name"]));
        Assert.Equal(0, mail.Calls);
    }

    // While it is made, the tenant is asked again and again.
    private static async Task<JsonObject> OrderAsync(OdooWorld world, string code, Func<Task> meanwhile)
    {
        var command = new JsonObject { ["masking"] = new JsonArray(new JsonObject { ["table"] = "res_partner", ["column"] = "email", ["method"] = "email" }) };
        var (_, job, body) = await world.Api.TryPostAsync($"/api/tenants/{code}/staging", command);
        Assert.True(job is not null, body.ToString());
        var end = world.Api.EndOfAsync(job, seconds: 400);
        do
        {
            await meanwhile();
        }
        while (await Task.WhenAny(end, Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken)) != end);

        Assert.True((string?)(await end)["state"] == "succeeded", (await end).ToString());
        return await end;
    }

    private static async Task<T?> AskAsync<T>(OdooWorld world, string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Sql.OtherDatabase(world.Odoo.Postgres.SuperuserConnectionString, database)) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is T value ? value : default;
    }

    /// <summary>Where the tenant's mail server is; counts who calls.</summary>
    private sealed class MailListener : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _calls;

        public MailListener()
        {
            _listener.Start();
            _ = ListenAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Calls => _calls;

        public void Dispose() => _listener.Dispose();

        private async Task ListenAsync()
        {
            try
            {
                while (true)
                {
                    using var caller = await _listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref _calls);
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
