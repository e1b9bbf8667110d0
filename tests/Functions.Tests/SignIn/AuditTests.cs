using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Audit;
using Bibind.ControlPlane.Secrets;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>Who changed what is recorded before it happens, with its result after, and stays as it is.</summary>
public sealed class AuditTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ApiHost _host = new(postgres);

    private AuditStore Store => _host.Services.GetRequiredService<AuditStore>();

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Every_change_is_recorded_with_who_what_why_and_what_came_of_it()
    {
        using var done = await _host.SendAsync(HttpMethod.Post, "/api/tenants", ApiHost.ManagerToken, ApiHost.Order("acme"));
        using var wrong = await _host.SendAsync(HttpMethod.Post, "/api/tenants/acme/suspend", ApiHost.ManagerToken, """{"cause": "teapot", "reason": "not paid"}""");
        using var refused = await _host.SendAsync(HttpMethod.Delete, "/api/tenants/acme", ApiHost.ViewerToken);
        using var missing = await _host.SendAsync(HttpMethod.Delete, "/api/offers/none?reason=over", ApiHost.AdminToken);
        using var read = await _host.GetAsync("/api/tenants/acme");
        using var stranger = await _host.SendAsync(HttpMethod.Post, "/api/tenants", "stranger-token-0123456789abcdef", ApiHost.Order("acme"));
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.UnprocessableEntity, HttpStatusCode.NotFound), (done.StatusCode, wrong.StatusCode, missing.StatusCode));

        var rows = await RowsAsync("", 4);
        Assert.Equal(
            [
                "operator admin DELETE /api/offers/{code} none over refused 404",
                "watcher viewer DELETE /api/tenants/{code} acme - refused 403",
                "sales manager POST /api/tenants/{code}/suspend acme not paid refused 422",
                "sales manager POST /api/tenants acme - done 202",
            ],
            rows.Select(r => $"{Text(r, "actor")} {Text(r, "role")} {Text(r, "action")} {Text(r, "subject")} {Text(r, "reason")} {Text(r, "result")} {r.GetProperty("status")}"));
        Assert.All(rows, r => Assert.Equal(("127.0.0.1", "api"), (Text(r, "address"), Text(r, "source"))));
        Assert.Contains(Text(rows[3], "traceId"), _host.Logs.Text, StringComparison.Ordinal);
        Assert.Equal(2, (await RowsAsync("&who=sales", 2)).Count);
        Assert.Equal(3, (await RowsAsync("&subject=acme", 3)).Count);
        Assert.Empty(await RowsAsync("&from=2100-01-01", 0));
        Assert.Empty(await RowsAsync("&to=2026-01-01", 0));
    }

    [Fact]
    public async Task Signing_in_and_out_is_recorded_and_who_was_not_let_in()
    {
        using var browser = new Browser(_host.Address);
        using (await browser.SignInAsync("wrong-token-0123456789abcdef"))
        {
        }

        using (await browser.SignInAsync(ApiHost.AdminToken))
        {
        }

        using (await browser.PostAsync("/console/sign-out", new() { ["RequestVerificationToken"] = ConsoleSessionTests.TokenOf(_host, browser.Session!.Value) }))
        {
        }

        Assert.Equal(
            ["operator api POST /console/sign-out done", "operator api sign-in done", "unknown none sign-in refused"],
            (await RowsAsync("", 3)).Select(r => $"{Text(r, "actor")} {Text(r, "source")} {Text(r, "action")} {Text(r, "result")}"));
    }

    [Fact]
    public async Task A_call_that_cannot_be_recorded_is_not_carried_out()
    {
        await _host.ExecuteAsync("alter table control.audit rename to audit_away");
        using var order = await _host.SendAsync(HttpMethod.Post, "/api/tenants", ApiHost.ManagerToken, ApiHost.Order("acme"));
        using var read = await _host.GetAsync("/api/tenants");
        await _host.ExecuteAsync("alter table control.audit_away rename to audit");
        Assert.Equal((HttpStatusCode.InternalServerError, HttpStatusCode.OK), (order.StatusCode, read.StatusCode));
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.tenants"));
    }

    [Fact]
    public async Task What_a_crash_left_without_a_result_is_shown_as_such()
    {
        // As a process leaves it that is killed between the record and the result.
        await Store.BeginAsync(new AuditEntry("sales", "api", "POST /api/tenants") { Reason = "\0\ud800" + new string('x', 1000) }, CancellationToken.None);
        using (await _host.SendAsync(HttpMethod.Delete, "/api/offers/none?reason=over", ApiHost.AdminToken))
        {
        }

        await RowsAsync("", 2, unknown: 1);
        var row = Assert.Single(await RowsAsync("&unfinished=true", 1, unknown: 1));
        Assert.Equal(("unknown", "sales", 500), (Text(row, "result"), Text(row, "actor"), Text(row, "reason").Length));
    }

    [Theory]
    [InlineData("delete from control.audit")]
    [InlineData("truncate control.audit")]
    [InlineData("update control.audit set actor = 'somebody'")]
    [InlineData("update control.audit set status = 200 where status is not null")]
    [InlineData("update control.audit set status = 200, action = 'GET /' where status is null")]
    [InlineData("update control.audit set status = 200, at = now() where status is null")]
    public async Task Nobody_changes_or_removes_what_is_recorded(string statement)
    {
        await Store.BeginAsync(new AuditEntry("sales", "api", "POST /api/tenants"), CancellationToken.None);
        await Store.AddAsync(new AuditEntry("sales", "api", "POST /api/tenants"), 202, CancellationToken.None);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => _host.ExecuteAsync(statement));
        Assert.Contains("only added to", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_older_than_the_retention_goes_and_nothing_else()
    {
        await _host.ExecuteAsync(
            """
            insert into control.audit (at, actor, source, action, status) select now() - interval '401 days', 'old', 'api', 'POST /', 200 from generate_series(1, 25);
            insert into control.audit (at, actor, source, action, status) select now() - interval '399 days', 'new', 'api', 'POST /', 200 from generate_series(1, 5);
            """);
        Assert.Equal(20, await Store.PurgeAsync(TimeSpan.FromDays(400), 20, CancellationToken.None));
        Assert.Equal(5, await Store.PurgeAsync(TimeSpan.FromDays(400), 20, CancellationToken.None));
        Assert.Equal(0, await Store.PurgeAsync(TimeSpan.FromDays(400), 20, CancellationToken.None));
        Assert.Equal(5, await _host.ScalarAsync<long>("select count(*) from control.audit"));
    }

    [Fact]
    public async Task The_timer_forgets_what_is_over_and_keeps_who_is_signed_in()
    {
        using var browser = new Browser(_host.Address);
        using (await browser.SignInAsync(ApiHost.AdminToken))
        {
        }

        await _host.ExecuteAsync(
            """
            insert into control.console_sessions (hash, actor, role, source, created_at, seen_at, ends_at) values
              ('old', 'ada', 'admin', 'oidc', now() - interval '40 days', now() - interval '40 days', now() - interval '39 days'),
              ('over', 'ada', 'admin', 'oidc', now() - interval '2 days', now() - interval '2 days', now() - interval '1 day');
            insert into control.sign_in_failures values ('203.0.113.9', now() - interval '1 hour', 10);
            insert into control.audit (at, actor, source, action, status) values (now() - interval '401 days', 'old', 'api', 'POST /', 200);
            """);
        var over = await _host.ScalarAsync<long>("select id from control.console_sessions where hash = 'over'");
        await _host.Services.GetRequiredService<ISecretStore>().SetAsync($"console-sessions/{over}/id-token", "token", CancellationToken.None);
        var timer = ActivatorUtilities.CreateInstance<Timers.PurgeRecords>(_host.Services);
        for (var tick = 0; tick < 2; tick++)
        {
            await timer.RunAsync(new Triggers.TimerTick("purgeRecords", DateTimeOffset.UtcNow), CancellationToken.None);
            Assert.Equal(
                "2 sessions, 0 secrets, 0 failures, 0 old",
                await _host.ScalarAsync<string>(
                    """
                    select (select count(*) from control.console_sessions) || ' sessions, ' || (select count(*) from control.secrets where name like 'console-sessions/%') || ' secrets, '
                      || (select count(*) from control.sign_in_failures) || ' failures, ' || (select count(*) from control.audit where actor = 'old') || ' old'
                    """));
        }

        using var still = await browser.GetAsync("/api/audit", "application/json");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Theory]
    [InlineData("page=201&pageSize=50", "page")]
    [InlineData("from=yesterday", "from")]
    [InlineData("who=%00", "who")]
    [InlineData("unfinished=1", "unfinished")]
    [InlineData("action=x", "action")]
    public async Task A_wrong_question_is_named(string query, string field)
    {
        using var answer = await _host.GetAsync($"/api/audit?{query}", ApiHost.AdminToken);
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _));
    }

    // The result stands there a moment after the answer.
    private Task<List<JsonElement>> RowsAsync(string query, int count, int unknown = 0) => Eventually.UntilAsync(
        async () =>
        {
            using var answer = await _host.GetAsync($"/api/audit?pageSize=200{query}", ApiHost.AdminToken);
            return (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray().ToList();
        },
        rows => rows.Count == count && rows.Count(r => Text(r, "result") == "unknown") == unknown, Limit, $"{count} rows");

    private static string Text(JsonElement row, string member) => row.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "-";
}
