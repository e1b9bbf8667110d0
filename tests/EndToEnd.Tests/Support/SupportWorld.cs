using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Credentials;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Support;

/// <summary>An active tenant whose application makes users as rows, as Odoo does by <c>execute_kw</c>; and its customer, who has a token.</summary>
internal sealed class SupportWorld : IAsyncDisposable
{
    public const string CustomersToken = "customers-token-0123456789abcdef";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _application;

    private SupportWorld(Installation installation, WebApplication application) => (Installation, _application) = (installation, application);

    public Installation Installation { get; }

    public string Code => Installation.Code;

    public static async Task<SupportWorld> CreateAsync()
    {
        var installation = await Installation.CreateAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var application = builder.Build();
        application.MapPost("/json/2/{**path}", () => Results.NotFound());
        application.MapPost("/jsonrpc", (JsonObject call) => AnswerAsync(installation, call));
        application.MapFallback(() => Results.Text("Odoo"));
        await application.StartAsync();
        installation.Settings["Seed:Server:Url"] = application.Urls.Single();
        installation.Settings["Auth:Tokens:1:Name"] = "anna";
        installation.Settings["Auth:Tokens:1:Token"] = CustomersToken;
        installation.Settings["Auth:Tokens:1:Role"] = "manager";
        installation.Settings["Auth:Tokens:1:Customer"] = "c-anna";
        var world = new SupportWorld(installation, application);
        await using var host = await InProcessHost.StartAsync(installation);
        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Code));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await installation.ComesToRestAsync();
        await world.ControlAsync("delete from control.pending_items; update control.tenants set customer = 'c-anna'");
        return world;
    }

    public Task ConsentIsWantedAsync() => ControlAsync("update control.plans set support_consent = true; update control.tenants t set plan_version = p.version from control.plans p where p.code = t.plan");

    public async Task ControlAsync(string sql)
    {
        await using var command = Installation.Control.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Asks for an access; answers it.</summary>
    public async Task<JsonObject> RequestAsync(Api api, string level = "user")
    {
        var (status, _, body) = await api.TryPostAsync($"/api/tenants/{Code}/support-access", new() { ["reason"] = "ticket 7", ["level"] = level });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        return body;
    }

    public async Task<JsonObject> OpenAsync(Api api, string level = "user") => await BecomesAsync(api, await RequestAsync(api, level), "open");

    /// <summary>Waits until an access is in a state.</summary>
    public async Task<JsonObject> BecomesAsync(Api api, JsonObject access, string state)
    {
        var now = access;
        await Eventually.UntilAsync(
            async () => (string?)(now = await api.GetAsync(PathOf(access)))["state"] == state, Patience, $"the access is {state}, not {now["state"]}");
        return now;
    }

    public string PathOf(JsonObject access) => $"/api/tenants/{Code}/support-access/{access["id"]}";

    public static string JobOf(JsonObject access) => $"/api/jobs/{access["job"]}";

    public async Task RevokeAsync(Api api, JsonObject access)
    {
        var (status, _, body) = await api.TryPostAsync($"{PathOf(access)}/revoke", new() { ["reason"] = "done" });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
    }

    /// <summary>Does something as the tenant's customer.</summary>
    public async Task<HttpStatusCode> AsCustomerAsync(Uri address, JsonObject access, string what)
    {
        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", CustomersToken);
        using var answer = await http.PostAsJsonAsync($"{PathOf(access)}/{what}", new { reason = "as the customer wants" });
        return answer.StatusCode;
    }

    /// <summary>True if somebody could sign in with the credentials.</summary>
    public Task<bool> CanSignInAsync(JsonObject credentials) => CanSignInAsync(Code, credentials);

    public async Task<bool> CanSignInAsync(string database, JsonObject credentials)
    {
        await using var tenant = Installation.OpenTenant(database);
        return await CanSignInAsync(tenant, credentials);
    }

    public static async Task<bool> CanSignInAsync(NpgsqlDataSource tenant, JsonObject credentials)
    {
        await using var command = tenant.CreateCommand("select password from res_users where active and password <> ''");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            if (PasslibPbkdf2Sha512.Verify((string)credentials["password"]!, reader.GetString(0)))
            {
                return true;
            }
        }

        return false;
    }

    public async Task<JsonObject> CredentialsAsync(Api api, JsonObject access)
    {
        var (status, _, body) = await api.TryPostAsync($"{PathOf(access)}/credentials", []);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    /// <summary>No account can be used, no key and no secret is left, and everything is closed.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        await Installation.ComesToRestAsync();
        await using var tenant = Installation.OpenTenant(Code);
        await AssertNoAccountAsync(tenant);
        Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(tenant, "select count(*) from res_users_apikeys"));
        await AssertOverAsync();
    }

    /// <summary>No secret of an access is left, and everything is closed.</summary>
    public async Task AssertOverAsync()
    {
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.secrets where name like '%/support-%'"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.support_accesses where ended_at is null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
    }

    /// <summary>No account of an operator can be used in a database.</summary>
    public static async Task AssertNoAccountAsync(NpgsqlDataSource tenant) => Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(
        tenant, "select count(*) from res_users u join res_partner p on p.id = u.partner_id where (u.login like 'support-%' or p.name like 'Support (%') and (u.active or u.password <> '')"));

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await Installation.DisposeAsync();
    }

    private static async Task<IResult> AnswerAsync(Installation installation, JsonObject call)
    {
        var arguments = call["params"]!["args"]!.AsArray();
        if ((string?)call["params"]!["service"] != "object" || (string?)arguments[4] != "create")
        {
            return Results.Json(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["result"] = new JsonObject { ["server_version"] = "18.0" } });
        }

        var user = arguments[5]![0]![0]!;
        await using var tenant = installation.OpenTenant((string)arguments[0]!);
        await using var insert = tenant.CreateCommand(
            """
            with partner as (insert into res_partner (name, active) values ($2, true) returning id), made as (
              insert into res_users (company_id, partner_id, login, notification_type, active, share) select 1, id, $1, 'email', true, false from partner returning id)
            insert into res_groups_users_rel (gid, uid) select 1, id from made returning uid
            """);
        insert.Parameters.Add(new NpgsqlParameter { Value = (string)user["login"]! });
        insert.Parameters.Add(new NpgsqlParameter { Value = (string)user["name"]! });
        return Results.Json(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["result"] = new JsonArray((int)(await insert.ExecuteScalarAsync())!) });
    }
}
