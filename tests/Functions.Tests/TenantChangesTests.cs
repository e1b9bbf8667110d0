using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>What is changed of a tenant without a job: by whom, of which version, and what is recorded.</summary>
public sealed class TenantChangesTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Owner = "owner-token-0123456789abcdef";

    private readonly ApiHost _host = new(postgres)
    {
        More = ["--Auth:Tokens:3:Name=owner", $"--Auth:Tokens:3:Token={Owner}", "--Auth:Tokens:3:Role=manager", "--Auth:Tokens:3:Customer=c-own"],
    };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_change_names_the_version_that_it_was_made_of_and_is_recorded()
    {
        await _host.OrderTenantAsync("acme");
        using var seen = await _host.GetAsync("/api/tenants/acme");
        var tag = seen.Headers.ETag!.ToString();

        using var changed = await PatchAsync("acme", """{"name": "Acme SAS", "customerName": "Jane", "customerEmail": "jane@acme.example", "maxUsers": 3, "maxStorageBytes": 1000, "reason": "ticket 4711"}""", tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var tenant = await ApiHost.JsonAsync(changed);
        Assert.Equal(
            ("Acme SAS", "Jane", "jane@acme.example", 3, 1000),
            (tenant.GetProperty("name").GetString(), tenant.GetProperty("customerName").GetString(), tenant.GetProperty("customerEmail").GetString(), tenant.GetProperty("maxUsers").GetInt32(), tenant.GetProperty("maxStorageBytes").GetInt64()));
        Assert.NotEqual(tag, changed.Headers.ETag!.ToString());
        using var stale = await PatchAsync("acme", """{"name": "Other"}""", tag);
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var missing = await PatchAsync("acme", """{"name": "Other"}""", null);
        await ProblemAssert.IsAsync(missing, HttpStatusCode.PreconditionRequired, "precondition-required");

        using var same = await PatchAsync("acme", """{"name": "Acme SAS"}""", changed.Headers.ETag!.ToString());
        Assert.Equal(changed.Headers.ETag, same.Headers.ETag);
        using var emptied = await PatchAsync("acme", """{"maxUsers": null, "customerName": null}""", "*");
        var without = await ApiHost.JsonAsync(emptied);
        Assert.Equal(
            (JsonValueKind.Null, JsonValueKind.Null, "jane@acme.example", 1000),
            (without.GetProperty("maxUsers").ValueKind, without.GetProperty("customerName").ValueKind, without.GetProperty("customerEmail").GetString(), without.GetProperty("maxStorageBytes").GetInt64()));

        using var listed = await _host.GetAsync("/api/tenants/acme/changes");
        var items = (await ApiHost.JsonAsync(listed)).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["customerName, maxUsers", "customerEmail, customerName, maxStorageBytes, maxUsers, name"], items.Select(i => string.Join(", ", i.GetProperty("changes").EnumerateObject().Select(c => c.Name).Order(StringComparer.Ordinal))));
        Assert.Equal(("sales", "ticket 4711"), (items[1].GetProperty("changedBy").GetString(), items[1].GetProperty("reason").GetString()));
        Assert.Equal(("Acme Ltd", "Acme SAS"), (items[1].GetProperty("changes").GetProperty("name").GetProperty("from").GetString(), items[1].GetProperty("changes").GetProperty("name").GetProperty("to").GetString()));
    }

    [Fact]
    public async Task A_maintenance_window_is_set_seen_recorded_and_taken_away()
    {
        const string Weekend = """{"from": "22:00", "until": "04:00", "days": ["friday", "Saturday"], "timeZone": "Europe/Paris"}""";
        await _host.OrderTenantAsync("acme");

        using var wrong = await PatchAsync("acme", """{"maintenanceWindow": {"from": "25:00", "until": "", "days": ["1", "payday"], "timeZone": "Paris Time"}}""", "*");
        var problem = await ProblemAssert.IsAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(
            ["maintenanceWindow.days", "maintenanceWindow.from", "maintenanceWindow.timeZone", "maintenanceWindow.until"],
            problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        using var set = await PatchAsync("acme", $$"""{"maintenanceWindow": {{Weekend}}, "reason": "they work at night"}""", "*");
        var expected = JsonElement.Parse(Weekend.Replace("Saturday", "saturday", StringComparison.Ordinal));
        var shown = (await ApiHost.JsonAsync(set)).GetProperty("maintenanceWindow");
        Assert.True(JsonElement.DeepEquals(expected, shown), shown.GetRawText());

        using var same = await PatchAsync("acme", $$"""{"name": "Acme SAS", "maintenanceWindow": {{shown.GetRawText()}}}""", set.Headers.ETag!.ToString());
        Assert.Equal(HttpStatusCode.OK, same.StatusCode);
        using var taken = await PatchAsync("acme", """{"maintenanceWindow": null}""", same.Headers.ETag!.ToString());
        Assert.Equal(JsonValueKind.Null, (await ApiHost.JsonAsync(taken)).GetProperty("maintenanceWindow").ValueKind);
        using var listed = await _host.GetAsync("/api/tenants/acme/changes");
        var changes = (await ApiHost.JsonAsync(listed)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("changes")).ToList();
        Assert.Equal(["maintenanceWindow", "name", "maintenanceWindow"], changes.Select(c => string.Join(", ", c.EnumerateObject().Select(f => f.Name))));
        Assert.Equal(["friday", "saturday"], changes[2].GetProperty("maintenanceWindow").GetProperty("to").GetProperty("days").EnumerateArray().Select(d => d.GetString()));
    }

    [Fact]
    public async Task Somebody_elses_change_in_between_is_seen_whoever_made_it()
    {
        await _host.OrderTenantAsync("acme");
        using var seen = await _host.GetAsync("/api/tenants/acme");
        using var assigned = await _host.SendAsync(HttpMethod.Put, "/api/tenants/acme/customer", ApiHost.AdminToken, """{"customer": "c-own"}""");
        using var stale = await PatchAsync("acme", """{"name": "Other"}""", seen.Headers.ETag!.ToString());
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
    }

    [Fact]
    public async Task A_customer_changes_the_name_and_no_limit()
    {
        await _host.OrderTenantAsync("own");
        await _host.ExecuteAsync("update control.tenants set customer = 'c-own' where code = 'own'");
        await _host.OrderTenantAsync("other");

        using var changed = await PatchAsync("own", """{"name": "Mine"}""", "*", Owner);
        Assert.Equal("Mine", (await ApiHost.JsonAsync(changed)).GetProperty("name").GetString());
        using var refused = await PatchAsync("own", """{"name": "", "maxUsers": 1000, "maxStorageBytes": null}""", "*", Owner);
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(["maxStorageBytes", "maxUsers", "name"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        using var ordered = await _host.SendAsync(HttpMethod.Post, "/api/tenants", Owner, ApiHost.Order("more", more: """, "maxUsers": 1, "maxStorageBytes": 1"""));
        var order = await ProblemAssert.IsAsync(ordered, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(["maxStorageBytes", "maxUsers"], order.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        using var theirs = await PatchAsync("other", """{"name": "Mine"}""", "*", Owner);
        await ProblemAssert.IsAsync(theirs, HttpStatusCode.NotFound, "not-found");
        Assert.Equal(0L, await _host.ScalarAsync<long>("select count(*) from control.tenants where max_users is not null or (code = 'other' and name = 'Mine')"));
    }

    [Fact]
    public async Task An_order_has_limits_below_its_plans_and_none_above()
    {
        using var ordered = await _host.OrderAsync(ApiHost.Order("small", more: """, "maxUsers": 2, "maxStorageBytes": 1000"""));
        Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
        using var shown = await _host.GetAsync("/api/tenants/small");
        var tenant = await ApiHost.JsonAsync(shown);
        Assert.Equal((2, 1000), (tenant.GetProperty("maxUsers").GetInt32(), tenant.GetProperty("maxStorageBytes").GetInt64()));

        // The starter plan has five users and 10 GiB.
        foreach (var (field, more) in new[] { ("maxUsers", """, "maxUsers": 6"""), ("maxStorageBytes", """, "maxStorageBytes": 10737418241""") })
        {
            using var refused = await _host.OrderAsync(ApiHost.Order("large", more: more));
            var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.UnprocessableEntity, "invalid-command");
            Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
        }
    }

    [Fact]
    public async Task One_that_has_ended_or_never_was_is_not_changed()
    {
        await _host.OrderTenantAsync("ended");
        await _host.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now() where code = 'ended'");
        using var ended = await PatchAsync("ended", """{"name": "Other"}""", "*");
        await ProblemAssert.IsAsync(ended, HttpStatusCode.Conflict, "tenant-state");
        using var nobody = await PatchAsync("nobody-there", """{"name": "Other"}""", "*");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
        using var unknown = await PatchAsync("ended", """{"name": null, "colour": "red"}""", "*");
        var problem = await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(["colour", "name"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        using var changes = await _host.GetAsync("/api/tenants/nobody-there/changes");
        await ProblemAssert.IsAsync(changes, HttpStatusCode.NotFound, "not-found");
    }

    private Task<HttpResponseMessage> PatchAsync(string code, string json, string? ifMatch, string token = ApiHost.ManagerToken) =>
        _host.SendAsync(HttpMethod.Patch, $"/api/tenants/{code}", token, json, ifMatch: ifMatch);
}
