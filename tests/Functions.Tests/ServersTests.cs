using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Bibind.Durable.Client;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Servers and their connection test, templates and their order.</summary>
public sealed class ServersTests(ApiHost host) : IClassFixture<ApiHost>
{
    // 127.0.0.1 is where the server that the host registers at its start is said to be.
    private static int _urls = 1;

    [Fact]
    public async Task A_server_is_registered_as_a_draft_without_showing_its_password()
    {
        using var answer = await CreateAsync(Server("fresh"));
        var server = await ApiHost.JsonAsync(answer);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("/api/servers/fresh", answer.Headers.Location?.OriginalString);
        Assert.Equal("draft", server.GetProperty("state").GetString());
        Assert.DoesNotContain("assword", server.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Password, server.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_there_already_is_a_conflict_that_names_the_field()
    {
        using var first = await CreateAsync(Server("known", url: "http://10.9.9.9:8069"));
        var before = await host.CountRowsAsync();
        using var code = await CreateAsync(Server("known"));
        ProblemAssert.Names(await ProblemAssert.IsAsync(code, HttpStatusCode.Conflict, "server-code-taken"), "code", "choose another");
        using var url = await CreateAsync(Server("unknown", url: "http://10.9.9.9:8069/"));
        ProblemAssert.Names(await ProblemAssert.IsAsync(url, HttpStatusCode.Conflict, "server-url-taken"), "url", "registered once");
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task A_server_that_is_not_valid_is_refused_with_every_field()
    {
        var before = await host.CountRowsAsync();
        using var answer = await CreateAsync("""{"code": "X", "name": "", "url": "ftp://x", "databasePassword": "", "applicationPassword": "", "maxTenants": 0}""");
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        foreach (var field in new[] { "code", "name", "url", "databasePassword", "applicationPassword", "maxTenants" })
        {
            ProblemAssert.Names(problem, field, string.Empty);
        }

        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task An_application_that_lists_its_databases_is_warned_of_at_activation()
    {
        await using var odoo = await OdooRpcStub.StartAsync(
            StatusCodes.Status200OK,
            call => call.Contains("\"db\"", StringComparison.Ordinal)
                ? """{"jsonrpc": "2.0", "id": 1, "result": ["acme", "globex"]}"""
                : """{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "18.0"}}""");
        using var created = await CreateAsync(Server("open", url: odoo.Url));

        using var answer = await ActivateAsync("open");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(
            1,
            await host.ScalarAsync<long>("select count(*) from control.server_state_changes c join control.servers s on s.id = c.server_id where s.code = 'open' and c.reason like '%list_db = False%'"));
    }

    [Fact]
    public async Task A_server_whose_both_parts_answer_is_activated()
    {
        await using var odoo = await OdooRpcStub.StartAsync();
        using var created = await CreateAsync(Server("good", url: odoo.Url));
        using var answer = await ActivateAsync("good");
        Assert.Equal("active", (await ApiHost.JsonAsync(answer)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_server_without_its_application_is_activated_only_with_a_recorded_reason()
    {
        using var created = await CreateAsync(Server("silent"));
        using var refused = await ActivateAsync("silent");
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        var checks = problem.GetProperty("checks");
        Assert.True(checks.GetProperty("database").GetProperty("ok").GetBoolean());
        Assert.False(checks.GetProperty("application").GetProperty("ok").GetBoolean());
        Assert.Contains("connection refused", checks.GetProperty("application").GetProperty("message").GetString(), StringComparison.Ordinal);

        using var reasonless = await ActivateAsync("silent", """{"skipApplicationTest": true}""");
        ProblemAssert.Names(await ProblemAssert.IsAsync(reasonless, HttpStatusCode.UnprocessableEntity, "invalid-command"), "reason", "recorded");

        using var answer = await ActivateAsync("silent", """{"skipApplicationTest": true, "reason": "No Odoo runs here."}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var recorded = await host.ScalarAsync<string>(
            "select changed_by || ': ' || reason from control.server_state_changes c join control.servers s on s.id = c.server_id where s.code = 'silent'");
        Assert.StartsWith("operator: No Odoo runs here. (the test of the application was skipped", recorded, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrongpass", "databasePassword", "wrong-password-of-this-test", "The password of 'bibind_maintenance' was refused")]
    [InlineData("norole", "applicationRole", "nobody_here", "role 'nobody_here' does not exist")]
    [InlineData("nohost", "databaseHost", "no-such-host.invalid", "cannot be resolved")]
    [InlineData("notmember", "applicationRole", "postgres", "may not act for the application's role")]
    public async Task What_is_wrong_with_the_database_is_said_in_words(string code, string field, string value, string words)
    {
        using var created = await CreateAsync(Server(code, change: s => s[field] = value));
        var message = await DatabaseMessageAsync(code);
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password-of-this-test", host.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_may_not_create_databases_is_told_how_to_get_it()
    {
        using var created = await CreateAsync(Server("nocreate", change: s =>
        {
            s["databaseUser"] = "nobody_much";
            s["databasePassword"] = "nobody-much-password";
        }));
        Assert.Contains("ALTER ROLE \"nobody_much\" CREATEDB", await DatabaseMessageAsync("nocreate"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_does_not_listen_is_said_so()
    {
        using var created = await CreateAsync(Server("noport", change: s => s["databasePort"] = FreePorts.Next()));
        Assert.Contains("Nothing listens at", await DatabaseMessageAsync("noport"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_never_answers_is_said_so_after_some_seconds()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        using var created = await CreateAsync(Server("mute", change: s => s["databasePort"] = ((IPEndPoint)mute.LocalEndpoint).Port));
        Assert.Contains("did not answer within 5 seconds", await DatabaseMessageAsync("mute"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(502, "bad gateway", "answered HTTP 502")]
    [InlineData(200, "<html>", "not with JSON")]
    [InlineData(200, """{"jsonrpc": "2.0", "error": {"code": 200, "message": "Odoo Server Error"}}""", "not with a version")]
    public async Task An_application_that_is_no_Odoo_is_said_so(int status, string text, string words)
    {
        await using var other = await OdooRpcStub.StartAsync(status, text);
        var code = $"app-{Interlocked.Increment(ref _urls)}";
        using var created = await CreateAsync(Server(code, url: other.Url));
        using var answer = await ActivateAsync(code);
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        Assert.Contains(words, problem.GetProperty("checks").GetProperty("application").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_that_were_changed_at_a_server_are_stored_once_they_work_and_never_shown()
    {
        await host.Postgres.RunAsync($"create role key_turner login createdb password 'first-password' in role {LocalServer.ApplicationRole}");
        using var created = await CreateAsync(Server("turned", change: s =>
        {
            s["databaseUser"] = "key_turner";
            s["databasePassword"] = "first-password";
        }));
        using var early = await ChangeAsync("turned", """{"databasePassword": "second-password"}""");
        await ProblemAssert.IsAsync(early, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        Assert.True(await WorksAsync("turned"));

        await host.Postgres.RunAsync("alter role key_turner password 'second-password'");
        Assert.False(await WorksAsync("turned"));
        using var changed = await ChangeAsync("turned", """{"databasePassword": "second-password", "masterPassword": "of-the-application"}""");

        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.True(await WorksAsync("turned"));
        Assert.DoesNotContain("assword", (await ApiHost.JsonAsync(changed)).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("second-password", host.Logs.Text, StringComparison.Ordinal);
        Assert.Contains("operator changed secrets of server 'turned'", host.Logs.Text, StringComparison.Ordinal);
        Assert.True(await host.ScalarAsync<bool>("select master_password_secret is not null from control.servers where code = 'turned'"));
    }

    [Theory]
    [InlineData("{}", "databasePassword", "is needed")]
    [InlineData("""{"masterPassword": ""}""", "masterPassword", "must not be empty")]
    public async Task A_change_of_passwords_that_changes_nothing_is_refused(string command, string field, string words)
    {
        using var answer = await ChangeAsync("local", command);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), field, words);
    }

    [Fact]
    public async Task A_template_is_ordered_once()
    {
        const string Order = """{"code": "services", "server": "local", "modules": ["base", "crm"], "language": "fr_FR", "initialisation": "none"}""";
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/templates", ApiHost.AdminToken, Order, "template-key");
        var body = await ApiHost.JsonAsync(answer);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("creating", body.GetProperty("state").GetString());
        var order = (await host.Tasks.GetStateAsync(body.GetProperty("job").GetString()!))!.ReadInputAs<Contracts.CreateTemplateOrder>()!;
        Assert.Equal("template_services", order.Database);
        Assert.Equal(["base", "crm"], order.Modules);
        Assert.Equal("none", order.Initialisation);

        using var repeated = await host.SendAsync(HttpMethod.Post, "/api/templates", ApiHost.AdminToken, Order, "template-key");
        Assert.Equal(answer.Headers.Location, repeated.Headers.Location);
        using var second = await host.SendAsync(HttpMethod.Post, "/api/templates", ApiHost.AdminToken, Order);
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "template-exists");

        using var seen = await host.GetAsync("/api/templates/services?server=local");
        var template = Assert.Single((await ApiHost.JsonAsync(seen)).GetProperty("items").EnumerateArray());
        Assert.Equal("creating", template.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("""{"code": "x", "server": "nowhere"}""", 422, "invalid-command", "server", "register it first")]
    [InlineData("""{"code": "X", "server": "local"}""", 422, "invalid-command", "code", "restaurant")]
    [InlineData("""{"code": "x", "server": "local", "modules": ["b a d"]}""", 422, "invalid-command", "modules", "names of modules")]
    [InlineData("""{"code": "x", "server": "local", "modules": "base"}""", 422, "invalid-command", "modules", "must be a list of texts")]
    [InlineData("""{"code": "x", "server": "local", "modules": ["base", 5]}""", 422, "invalid-command", "modules[1]", "must be text")]
    [InlineData("""{"code": "x", "server": "local", "database": "postgres"}""", 422, "invalid-command", "database", "PostgreSQL itself")]
    [InlineData("""{"code": "x", "server": "local", "initialisation": "magic"}""", 422, "invalid-command", "initialisation", "odoo-bin")]
    [InlineData("""{"code": "x", "server": "local", "warmPoolSize": 1.5}""", 422, "invalid-command", "warmPoolSize", "must be a whole number, not 1.5")]
    [InlineData("""{"code": "blank", "server": "local"}""", 409, "template-exists", "code", "ready already")]
    [InlineData("""{"code": "x", "server": "local", "database": "template_blank"}""", 409, "database-taken", "database", "another name")]
    public async Task A_template_that_cannot_be_made_is_refused_and_changes_nothing(string order, int status, string kind, string field, string words)
    {
        var before = await host.CountRowsAsync();
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/templates", ApiHost.AdminToken, order);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, (HttpStatusCode)status, kind), field, words);
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task A_template_on_a_server_that_is_not_active_is_a_conflict()
    {
        using var created = await CreateAsync(Server("sleeping"));
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/templates", ApiHost.AdminToken, """{"code": "x", "server": "sleeping"}""");
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "server-not-active");
    }

    private string Password => host.Postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole);

    private string Server(string code, string? url = null, Action<Dictionary<string, object>>? change = null)
    {
        var server = new Dictionary<string, object>
        {
            ["code"] = code,
            ["name"] = "A server",
            ["url"] = url ?? $"http://127.0.0.{Interlocked.Increment(ref _urls)}:1",
            ["databaseHost"] = "127.0.0.1",
            ["databasePort"] = host.Postgres.Postgres.Port,
            ["databaseUser"] = LocalServer.MaintenanceRole,
            ["databasePassword"] = Password,
            ["applicationRole"] = LocalServer.ApplicationRole,
            ["applicationPassword"] = host.Postgres.Postgres.PasswordOf(LocalServer.ApplicationRole),
        };
        change?.Invoke(server);
        return JsonSerializer.Serialize(server);
    }

    private Task<HttpResponseMessage> CreateAsync(string server) => host.SendAsync(HttpMethod.Post, "/api/servers", ApiHost.AdminToken, server);

    private Task<HttpResponseMessage> ActivateAsync(string code, string? body = null) =>
        host.SendAsync(HttpMethod.Post, $"/api/servers/{code}/activate", ApiHost.AdminToken, body);

    private Task<HttpResponseMessage> ChangeAsync(string code, string body) =>
        host.SendAsync(HttpMethod.Post, $"/api/servers/{code}/credentials", ApiHost.AdminToken, body);

    private async Task<bool> WorksAsync(string code)
    {
        using var answer = await host.GetAsync($"/api/servers/{code}/check", ApiHost.AdminToken);
        return (await ApiHost.JsonAsync(answer)).GetProperty("database").GetProperty("ok").GetBoolean();
    }

    private async Task<string> DatabaseMessageAsync(string code)
    {
        using var answer = await ActivateAsync(code, """{"skipApplicationTest": true, "reason": "Only the database matters here."}""");
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        Assert.Equal("draft", await host.ScalarAsync<string>($"select state from control.servers where code = '{code}'"));
        return problem.GetProperty("checks").GetProperty("database").GetProperty("message").GetString()!;
    }
}
