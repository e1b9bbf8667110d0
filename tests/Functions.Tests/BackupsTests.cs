using System.Net;
using System.Text.Json;
using Bibind.Durable.Client;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Orders about backups: what is accepted, once, and what is refused.</summary>
public sealed class BackupsTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_backup_is_ordered_once_under_one_key()
    {
        var code = await ActiveTenantAsync("b-once");

        using var first = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/backups", ApiHost.ManagerToken, idempotencyKey: "b-once");
        using var second = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/backups", ApiHost.ManagerToken, idempotencyKey: "b-once");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        var job = (await ApiHost.JsonAsync(first)).GetProperty("job").GetString()!;
        Assert.Equal("BackUpTenant", (await host.Tasks.GetStateAsync(job))?.Name);
        using var shown = await host.GetAsync($"/api/jobs?kind=backup&tenant={code}");
        Assert.Equal(1, (await ApiHost.JsonAsync(shown)).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_backup_of_a_tenant_that_is_being_backed_up_is_refused_and_so_is_its_removal()
    {
        var code = await ActiveTenantAsync("b-busy");
        using var first = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/backups", ApiHost.ManagerToken);

        using var second = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/backups", ApiHost.ManagerToken);
        using var removal = await host.SendAsync(HttpMethod.Delete, $"/api/tenants/{code}", ApiHost.AdminToken);

        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
        await ProblemAssert.IsAsync(removal, HttpStatusCode.Conflict, "job-running");
    }

    [Fact]
    public async Task A_backup_of_a_tenant_that_is_being_provisioned_is_refused()
    {
        await host.OrderTenantAsync("b-early");
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/tenants/b-early/backups", ApiHost.ManagerToken);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "job-running");
    }

    [Theory]
    [InlineData("POST", "/api/tenants/nobody/backups")]
    [InlineData("GET", "/api/tenants/nobody/backups")]
    [InlineData("POST", "/api/backups/nothing/restore")]
    [InlineData("POST", "/api/backups/nothing/verify")]
    [InlineData("POST", "/api/backups/nothing/confirm")]
    [InlineData("GET", "/api/backups/nothing/download")]
    public async Task What_is_not_there_answers_404(string method, string path)
    {
        using var answer = await host.SendAsync(new HttpMethod(method), path, ApiHost.AdminToken);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData("POST", "/api/tenants/any/backups", ApiHost.ViewerToken)]
    [InlineData("POST", "/api/tenants/any/resume", ApiHost.ViewerToken)]
    [InlineData("POST", "/api/backups/any/restore", ApiHost.ManagerToken)]
    [InlineData("POST", "/api/backups/any/verify", ApiHost.ViewerToken)]
    [InlineData("GET", "/api/backups/any/download", ApiHost.ManagerToken)]
    public async Task A_role_that_is_not_enough_is_refused(string method, string path, string token)
    {
        using var answer = await host.SendAsync(new HttpMethod(method), path, token);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forbidden");
    }

    [Theory]
    [InlineData("""{"code": "other", "name": "Other"}""", "code", "unknown")]
    [InlineData("""{"tenant": "other"}""", "tenant", "nowhere else")]
    [InlineData("""{"tenant": ""}""", "tenant", "nowhere else")]
    [InlineData("""{"newTenant": null}""", "newTenant", "not null")]
    [InlineData("""{"tenant": null}""", "tenant", "not null")]
    [InlineData("""{"newTenant": []}""", "newTenant", "an object")]
    [InlineData("""{"newTenant": false}""", "newTenant", "an object")]
    [InlineData("""{"NewTenant": {"code": "b-other"}}""", "NewTenant", "unknown")]
    public async Task A_restore_into_another_tenant_is_refused_and_changes_nothing(string body, string field, string words)
    {
        var code = await ActiveTenantAsync($"b-else-{body.Length}-{field.Length}");
        await BackupAsync(code);

        using var answer = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, body);

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), field, words);
        Assert.Equal("active", await StateAsync(code));
    }

    [Fact]
    public async Task A_restore_makes_the_tenant_restoring_and_keeps_others_out()
    {
        var code = await ActiveTenantAsync("b-back");
        await BackupAsync(code);

        using var first = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, $$"""{"tenant": "{{code}}"}""");
        using var second = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken);

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal("restoring", await StateAsync(code));
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
    }

    [Theory]
    [InlineData("finalBackup=")]
    [InlineData("finalBackup=null")]
    [InlineData("finalBackup=0")]
    public async Task A_removal_that_does_not_say_what_becomes_of_the_backups_is_refused(string query)
    {
        var code = await ActiveTenantAsync($"b-last-{query.Length}");

        using var answer = await host.SendAsync(HttpMethod.Delete, $"/api/tenants/{code}?{query}", ApiHost.AdminToken);

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query"), "finalBackup", "true or false");
        Assert.Equal("active", await StateAsync(code));
    }

    [Fact]
    public async Task A_tenant_that_a_failed_restore_left_suspended_is_opened_again()
    {
        var code = await ActiveTenantAsync("b-resume");
        await BackupAsync(code);

        using var active = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/resume", ApiHost.ManagerToken);
        await host.ExecuteAsync($"update control.tenants set state = 'suspended' where code = '{code}'");
        await host.ExecuteAsync(
            $"""
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, outcome, created_at, finished_at)
            select 'restore-{code}-x', 'restore', id, code, '{code}-x', 'test', true, 'failed', now(), now() from control.tenants where code = '{code}'
            """);
        using var first = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/resume", ApiHost.ManagerToken, idempotencyKey: "resume-1");
        using var again = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/resume", ApiHost.ManagerToken, idempotencyKey: "resume-1");
        using var second = await host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/resume", ApiHost.ManagerToken);

        await ProblemAssert.IsAsync(active, HttpStatusCode.Conflict, "not-suspended");
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
        Assert.Equal("suspended", await StateAsync(code));
    }

    [Fact]
    public async Task A_restore_into_a_removed_tenant_is_refused_but_its_backup_can_be_tried_out()
    {
        var code = await ActiveTenantAsync("b-gone");
        await BackupAsync(code);
        await host.ExecuteAsync($"update control.tenants set state = 'terminated', ended_at = now() where code = '{code}'");

        using var restore = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken);
        using var trial = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/verify", ApiHost.ManagerToken);
        using var again = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/verify", ApiHost.ManagerToken);

        await ProblemAssert.IsAsync(restore, HttpStatusCode.Conflict, "tenant-not-active");
        Assert.Equal(HttpStatusCode.Accepted, trial.StatusCode);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "job-running");
    }

    [Fact]
    public async Task A_restore_into_a_new_tenant_reserves_it_like_an_order_and_leaves_the_other_alone()
    {
        var code = await ActiveTenantAsync("b-origin");
        await BackupAsync(code);
        await host.ExecuteAsync($"update control.tenants set state = 'terminated', ended_at = now() where code = '{code}'");
        const string Wanted = """{"newTenant": {"code": "b-copy"}}""";

        using var first = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, Wanted, idempotencyKey: "copy-1");
        using var again = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, Wanted, idempotencyKey: "copy-1");
        using var taken = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, Wanted);

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        await ProblemAssert.IsAsync(taken, HttpStatusCode.Conflict, "code-taken");
        Assert.Equal("provisioning", await StateAsync("b-copy"));
        Assert.Equal("terminated", await StateAsync(code));
    }

    [Theory]
    [InlineData("""{"newTenant": {}}""", "newTenant.code", "missing")]
    [InlineData("""{"newTenant": {"code": "No Code"}}""", "newTenant.code", "2 to 31 characters")]
    [InlineData("""{"newTenant": {"code": "fine", "database": "x"}}""", "newTenant.database", "unknown")]
    public async Task A_new_tenant_that_cannot_be_is_refused_by_field(string body, string field, string words)
    {
        var code = await ActiveTenantAsync($"b-new-{body.Length}");
        await BackupAsync(code);

        using var answer = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/restore", ApiHost.AdminToken, body);

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), field, words);
    }

    [Fact]
    public async Task A_download_of_what_is_not_in_the_store_says_so()
    {
        var code = await ActiveTenantAsync("b-lost");
        await BackupAsync(code);
        using var answer = await host.SendAsync(HttpMethod.Get, $"/api/backups/{code}-x/download", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "backup-damaged");
    }

    [Theory]
    [InlineData("part=files", "part", "must be one of database, filestore")]
    [InlineData("object=filestore", "object", "is unknown; known are part")]
    public async Task A_download_of_something_else_is_refused_by_name(string query, string field, string words)
    {
        using var answer = await host.SendAsync(HttpMethod.Get, $"/api/backups/any/download?{query}", ApiHost.AdminToken);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query"), field, words);
    }

    [Fact]
    public async Task A_former_state_is_confirmed_once_and_only_while_it_is_one()
    {
        var code = await ActiveTenantAsync("b-former");
        await BackupAsync(code);
        using var never = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/confirm", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(never, HttpStatusCode.Conflict, "nothing-to-confirm");

        await KeepAsync("now() - interval '1 second'");
        using var over = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/confirm", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(over, HttpStatusCode.Conflict, "nothing-to-confirm");
        Assert.Equal(JsonValueKind.Null, await KeptUntilAsync());

        await KeepAsync("now() + interval '1 day'");
        Assert.Equal(JsonValueKind.String, await KeptUntilAsync());
        using var manager = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/confirm", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.Forbidden, manager.StatusCode);
        using var first = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/confirm", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using var second = await host.SendAsync(HttpMethod.Post, $"/api/backups/{code}-x/confirm", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "nothing-to-confirm");
        Assert.Equal(JsonValueKind.Null, await KeptUntilAsync());

        Task KeepAsync(string until) => host.ExecuteAsync($"update control.backups set kept_until = {until} where id = '{code}-x'");

        async Task<JsonValueKind> KeptUntilAsync()
        {
            using var list = await host.GetAsync($"/api/tenants/{code}/backups");
            return (await ApiHost.JsonAsync(list)).GetProperty("items")[0].GetProperty("keptUntil").ValueKind;
        }
    }

    private async Task<string> ActiveTenantAsync(string code)
    {
        await host.OrderTenantAsync(code);
        await host.ExecuteAsync(
            $"""
            update control.tenants set state = 'active' where code = '{code}';
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}'
            """);
        return code;
    }

    private Task BackupAsync(string code) => host.ExecuteAsync(
        $"""
        insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
        select code || '-x', id, 'manual', 'k', 'm', 1, '00', now() from control.tenants where code = '{code}'
        """);

    private async Task<string> StateAsync(string code)
    {
        using var answer = await host.GetAsync($"/api/tenants/{code}");
        return (await ApiHost.JsonAsync(answer)).GetProperty("state").GetString()!;
    }
}
