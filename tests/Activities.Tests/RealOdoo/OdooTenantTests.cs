using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Bibind.Activities.Application;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Testing;
using Xunit;

namespace Bibind.Activities.Tests.RealOdoo;

/// <summary>What only the real application can say of the SQL that is written into its databases.</summary>
public sealed class OdooTenantTests
{
    [Fact]
    public async Task A_running_application_sees_its_new_address()
    {
        await using var tenant = await OdooTenant.CreateAsync();
        var place = await tenant.ProvisionAsync(OdooTenant.NewPlace());
        var session = await tenant.SignInAsync(place);
        Assert.Equal(place.BaseUrl, await AddressAsync());

        await tenant.World.RunAsync<SetApplicationAddress>(place with { BaseUrl = "https://shop.example.org" });

        Assert.Equal("https://shop.example.org", await AddressAsync());

        async Task<string?> AddressAsync() => (string?)await session.CallAsync("ir.config_parameter", "get_param", ["web.base.url"]);
    }

    [Fact]
    public async Task A_running_application_does_not_go_on_with_what_it_remembers_of_a_replaced_database()
    {
        await using var tenant = await OdooTenant.CreateAsync();
        var place = await tenant.ProvisionAsync(OdooTenant.NewPlace());
        var session = await tenant.SignInAsync(place);
        await session.CallAsync("ir.config_parameter", "set_param", ["restored", "no"]);
        Assert.Equal("no", await ReadAsync());
        var copy = $"copy_of_{place.Database}";
        await tenant.World.ExecuteAsync(
            $"alter database {place.Database} allow_connections false; select pg_terminate_backend(pid) from pg_stat_activity where datname = '{place.Database}'");
        await tenant.World.ExecuteAsync($"create database {copy} template {place.Database} owner {Bibind.Local.LocalServer.ApplicationRole} is_template true");
        await tenant.World.ExecuteAsync("update ir_config_parameter set value = 'yes' where key = 'restored'", copy);
        await using (var connection = await tenant.World.OpenAsync(copy))
        {
            await tenant.World.Get<ApplicationProviders>().Of(Applications.Odoo).PrepareRestoredAsync(connection, hasFiles: true, keepsQueue: false, CancellationToken.None);
        }

        var former = $"former_of_{place.Database}";
        await tenant.World.ExecuteAsync($"alter database {place.Database} rename to {former}; alter database {copy} rename to {place.Database}");
        await tenant.World.ExecuteAsync($"alter database {place.Database} is_template false");

        // The sessions that the process keeps ended with the database that was replaced.
        await Eventually.UntilAsync(async () => await TryAsync(ReadAsync) == "yes", TimeSpan.FromSeconds(60), "the application reads the restored database");
        await tenant.World.ExecuteAsync($"drop database {place.Database} with (force)");
        await tenant.World.ExecuteAsync($"alter database {former} rename to {place.Database}; alter database {place.Database} allow_connections true");

        async Task<string?> ReadAsync() => (string?)await session.CallAsync("ir.config_parameter", "get_param", ["restored"]);

        static async Task<string?> TryAsync(Func<Task<string?>> read)
        {
            try
            {
                return await read();
            }
            catch (Bibind.Local.RealServers.OdooCallException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task People_are_made_in_the_language_and_time_zone_that_were_ordered()
    {
        await using var tenant = await OdooTenant.CreateAsync();
        var place = await tenant.ProvisionAsync(OdooTenant.NewPlace("de_DE"));
        var session = await tenant.SignInAsync(place);

        var partner = await session.CreateAsync("res.partner", new JsonObject { ["name"] = "Somebody" });

        var made = (await session.FindAsync("res.partner", [new JsonArray("id", "=", partner)], ["lang", "tz"])).Single();
        Assert.Equal(("de_DE", "Europe/Paris"), ((string?)made["lang"], (string?)made["tz"]));
    }

    [Fact]
    public async Task A_language_that_is_not_loaded_is_refused_with_the_list()
    {
        await using var tenant = await OdooTenant.CreateAsync();
        var place = await tenant.CloneAsync(OdooTenant.NewPlace("es_ES"));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => tenant.World.RunAsync<ConfigureApplication>(place));

        Assert.Contains("does not offer the language 'es_ES'; it has de_DE, en_US, fr_FR", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_tenant_sends_nothing_and_the_tenant_does()
    {
        using var smtp = new TcpListener(IPAddress.Loopback, 0);
        smtp.Start();
        await using var sender = await Bibind.Testing.Servers.RealOdoo.StartAnotherAsync(o => o with { SmtpPort = ((IPEndPoint)smtp.LocalEndpoint).Port, CronThreads = 0 });
        await using var tenant = await OdooTenant.CreateAsync();
        var original = await tenant.ProvisionAsync(OdooTenant.NewPlace());
        var copy = await tenant.CloneAsync(OdooTenant.NewPlace());
        await tenant.World.ExecuteAsApplicationAsync(
            """
            insert into mail_message (message_type, subject, email_from, date) values ('email', 'Invoice', 'a@example.org', now());
            insert into mail_mail (mail_message_id, state, email_to, body_html) select max(id), 'outgoing', 'customer@example.org', 'Invoice' from mail_message
            """,
            copy.Database);
        await tenant.World.RunAsync<AdoptApplication>(copy);
        await tenant.World.RunAsync<HandOverApplication>(copy);
        using var client = new Bibind.Local.RealServers.OdooClient(sender.Url);

        await SendAsync(copy);
        Assert.False(smtp.Pending());
        Assert.Equal("cancel", await tenant.World.AskAsync<string>("select state from mail_mail where email_to = 'customer@example.org'", copy.Database));

        var sending = SendAsync(original);
        using (await smtp.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(60)))
        {
        }

        await sending;

        async Task SendAsync(TenantDescriptor place)
        {
            var session = await client.SignInAsync(place.Database, "admin", "administrator-password");
            var mail = await session.CreateAsync(
                "mail.mail", new JsonObject { ["email_to"] = "somebody@example.org", ["email_from"] = "a@example.org", ["subject"] = "Hello", ["body_html"] = "Hello", ["auto_delete"] = false });
            await session.CallAsync("mail.mail", "send", [new JsonArray(mail)]);
        }
    }
}
