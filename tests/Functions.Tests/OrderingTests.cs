using System.Net;
using Bibind.Durable.Client;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Orders that are accepted: rows, orchestration and answer in one commit, once.</summary>
public sealed class OrderingTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task An_order_answers_202_with_the_job_and_starts_its_orchestration()
    {
        using var answer = await host.OrderAsync(ApiHost.Order("first"));
        var body = await ApiHost.JsonAsync(answer);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var job = body.GetProperty("job").GetString()!;
        Assert.Equal($"/api/jobs/{job}", answer.Headers.Location?.OriginalString);
        Assert.Equal("first", body.GetProperty("code").GetString());
        Assert.Equal("provisioning", body.GetProperty("state").GetString());

        var instance = await host.Tasks.GetStateAsync(job);
        Assert.Equal("ProvisionTenant.2", instance?.Name);
        Assert.Equal("first", instance!.Tags["tenant"]);
        Assert.Equal("provision", instance.Tags["kind"]);
    }

    [Fact]
    public async Task An_ordered_tenant_can_be_looked_at()
    {
        await host.OrderAsync(ApiHost.Order("seen", more: """, "locale": {"language": "fr_FR", "currency": "CHF"}, "customerEmail": "a@b.example" """));
        using var answer = await host.GetAsync("/api/tenants/seen");
        var tenant = await ApiHost.JsonAsync(answer);
        Assert.Equal("seen.example.test", tenant.GetProperty("host").GetString());
        Assert.Equal("https://seen.example.test", tenant.GetProperty("baseUrl").GetString());
        Assert.Equal("starter", tenant.GetProperty("plan").GetString());
        Assert.Equal("blank", tenant.GetProperty("template").GetString());
        Assert.Equal("sales", tenant.GetProperty("requestedBy").GetString());
        Assert.Equal("fr_FR", tenant.GetProperty("locale").GetProperty("language").GetString());
        Assert.Equal("CHF", tenant.GetProperty("locale").GetProperty("currency").GetString());
        Assert.Equal("UTC", tenant.GetProperty("locale").GetProperty("timeZone").GetString());
    }

    [Fact]
    public async Task Tenants_are_listed_by_state_and_page()
    {
        await host.OrderTenantAsync("list-1");
        await host.OrderTenantAsync("list-2");
        using var answer = await host.GetAsync("/api/tenants?state=provisioning&page=1&pageSize=1");
        var list = await ApiHost.JsonAsync(answer);
        Assert.Equal("list-2", Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("code").GetString());
        Assert.True(list.GetProperty("total").GetInt32() >= 2);
        Assert.Equal(1, list.GetProperty("pageSize").GetInt32());
    }

    [Theory]
    [InlineData("/api/tenants?state=happy", "state", "provisioning")]
    [InlineData("/api/tenants?stat=active", "stat", "known are state")]
    [InlineData("/api/tenants?page=0", "page", "whole number from 1")]
    [InlineData("/api/tenants?pageSize=201", "pageSize", "to 200")]
    [InlineData("/api/tenants?page=1&page=2", "page", "more than once")]
    [InlineData("/api/jobs?tenant=%00", "tenant", "must be a code")]
    [InlineData("/api/jobs?kind=dance", "kind", "provision")]
    [InlineData("/api/templates?server=A%20B", "server", "must be a code")]
    [InlineData("/api/servers?x=1", "x", "known are state")]
    public async Task A_query_that_means_nothing_is_refused_by_name(string path, string parameter, string words)
    {
        using var answer = await host.GetAsync(path);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query"), parameter, words);
    }

    [Theory]
    [InlineData("/api/tenants/nobody")]
    [InlineData("/api/tenants/%01%ff")]
    [InlineData("/api/tenants/a%2Fb")]
    [InlineData("/api/jobs/none")]
    [InlineData("/api/jobs/..%2f..%2fetc")]
    [InlineData("/api/servers/nowhere")]
    [InlineData("/api/templates/nothing")]
    [InlineData("/api/nothing")]
    [InlineData("/")]
    public async Task What_is_not_there_is_a_problem_too(string path)
    {
        using var answer = await host.GetAsync(path);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task A_method_that_is_not_possible_names_those_that_are()
    {
        using var answer = await host.SendAsync(HttpMethod.Put, "/api/tenants", ApiHost.AdminToken, "{}");
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        Assert.Contains("GET", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("POST", answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task The_same_key_and_command_get_the_first_answer_again_however_it_is_spelt()
    {
        using var first = await host.OrderAsync(ApiHost.Order("again"), "key-again");
        using var second = await host.OrderAsync("""{  "offer": "odoo-shared", "name": "Acme Ltd", "code": "again" }""", "key-again");
        Assert.Equal(HttpStatusCode.Accepted, second.StatusCode);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotency-Replayed")));
    }

    [Fact]
    public async Task The_same_key_with_another_command_is_refused_and_changes_nothing()
    {
        using var first = await host.OrderAsync(ApiHost.Order("keyed"), "key-other");
        var before = await host.CountRowsAsync();
        using var second = await host.OrderAsync(ApiHost.Order("other"), "key-other");
        await ProblemAssert.IsAsync(second, HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task A_refused_order_leaves_its_key_free()
    {
        using var refused = await host.OrderAsync(ApiHost.Order("Bad"), "key-free");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        using var accepted = await host.OrderAsync(ApiHost.Order("mended"), "key-free");
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    [Fact]
    public async Task Twenty_posts_at_once_with_one_key_make_one_tenant()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.OrderAsync(ApiHost.Order("crowd"), "key-crowd")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Accepted, a.StatusCode));
        Assert.Single(answers.Select(a => a.Headers.Location!.OriginalString).Distinct());
        Assert.Equal(19, answers.Count(a => a.Headers.Contains("Idempotency-Replayed")));
        Assert.Equal(1, await host.ScalarAsync<long>("select count(*) from control.tenants where code = 'crowd'"));
    }

    [Fact]
    public async Task Twenty_posts_at_once_without_a_key_make_one_tenant_and_nineteen_conflicts()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.OrderAsync(ApiHost.Order("race"))));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(19, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(1, await host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'provision-race-%'"));
    }

    [Fact]
    public async Task A_tenant_that_is_being_provisioned_cannot_be_removed_nor_show_its_passwords()
    {
        await host.OrderTenantAsync("busy");
        var before = await host.CountRowsAsync();
        using var removal = await host.SendAsync(HttpMethod.Delete, "/api/tenants/busy", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(removal, HttpStatusCode.Conflict, "job-running");
        using var reveal = await host.SendAsync(HttpMethod.Post, "/api/tenants/busy/credentials/reveal", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(reveal, HttpStatusCode.Conflict, "job-running");
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task Removing_an_active_tenant_starts_one_job_and_hands_over_the_wish_for_a_backup()
    {
        await ActiveTenantAsync("leaving");
        using var answer = await host.SendAsync(HttpMethod.Delete, "/api/tenants/leaving?finalBackup=false", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var job = (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString()!;
        Assert.Equal($"/api/jobs/{job}", answer.Headers.Location?.OriginalString);
        var instance = await host.Tasks.GetStateAsync(job);
        Assert.False(instance!.ReadInputAs<Contracts.DestroyTenantOrder>()!.FinalBackup);

        using var second = await host.SendAsync(HttpMethod.Delete, "/api/tenants/leaving", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
    }

    [Fact]
    public async Task A_misspelt_wish_about_the_final_backup_removes_nothing()
    {
        await ActiveTenantAsync("careful");
        var before = await host.CountRowsAsync();
        foreach (var query in new[] { "finalBackup=no", "finalbackup=false", "keepBackup=true", "finalBackup=" })
        {
            using var answer = await host.SendAsync(HttpMethod.Delete, $"/api/tenants/careful?{query}", ApiHost.AdminToken);
            await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query");
        }

        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task Passwords_are_shown_once()
    {
        var id = await ActiveTenantAsync("secretive");
        var secrets = (ControlPlane.Secrets.ISecretStore)host.Services.GetService(typeof(ControlPlane.Secrets.ISecretStore))!;
        await secrets.SetAsync($"tenants/{id}/administrator", "pa55-of-the-administrator", CancellationToken.None);
        await secrets.SetAsync($"tenants/{id}/user", "pa55-of-the-user", CancellationToken.None);
        await secrets.SetAsync($"tenants/{id}/machine", "not-for-people", CancellationToken.None);

        using var first = await host.SendAsync(HttpMethod.Post, "/api/tenants/secretive/credentials/reveal", ApiHost.AdminToken);
        var shown = await ApiHost.JsonAsync(first);
        Assert.Equal("pa55-of-the-administrator", shown.GetProperty("administrator").GetProperty("password").GetString());
        Assert.Equal("pa55-of-the-user", shown.GetProperty("user").GetProperty("password").GetString());
        Assert.DoesNotContain("not-for-people", shown.ToString(), StringComparison.Ordinal);
        Assert.True(first.Headers.CacheControl?.NoStore);

        using var second = await host.SendAsync(HttpMethod.Post, "/api/tenants/secretive/credentials/reveal", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(second, HttpStatusCode.Gone, "credentials-revealed");
        Assert.DoesNotContain("pa55", host.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_whose_answer_was_lost_are_shown_again_to_the_same_request_for_a_minute()
    {
        const string Path = "/api/tenants/cutoff/credentials/reveal";
        var id = await ActiveTenantAsync("cutoff");
        var secrets = (ControlPlane.Secrets.ISecretStore)host.Services.GetService(typeof(ControlPlane.Secrets.ISecretStore))!;
        await secrets.SetAsync($"tenants/{id}/administrator", "pa55-of-the-administrator", CancellationToken.None);
        await CutOffAsync(Path, "reveal-1");
        await Testing.Eventually.UntilAsync(
            () => host.ScalarAsync<bool>($"select revealed_at is not null from control.secrets where name = 'tenants/{id}/administrator'"),
            TimeSpan.FromSeconds(20), "the passwords count as shown");

        using var again = await host.SendAsync(HttpMethod.Post, Path, ApiHost.AdminToken, idempotencyKey: "reveal-1");
        Assert.Equal("pa55-of-the-administrator", (await ApiHost.JsonAsync(again)).GetProperty("administrator").GetProperty("password").GetString());
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));

        using var otherKey = await host.SendAsync(HttpMethod.Post, Path, ApiHost.AdminToken, idempotencyKey: "reveal-2");
        using var noKey = await host.SendAsync(HttpMethod.Post, Path, ApiHost.AdminToken);
        await host.ExecuteAsync($"update control.secrets set revealed_at = revealed_at - interval '61 seconds' where name like 'tenants/{id}/%'");
        using var late = await host.SendAsync(HttpMethod.Post, Path, ApiHost.AdminToken, idempotencyKey: "reveal-1");
        foreach (var refused in new[] { otherKey, noKey, late })
        {
            Assert.Contains("/credentials/reset", (await ProblemAssert.IsAsync(refused, HttpStatusCode.Gone, "credentials-revealed")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task New_passwords_are_ordered_once_a_time_and_only_where_the_tenant_is_active()
    {
        await ActiveTenantAsync("forgetful");
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/tenants/forgetful/credentials/reset", ApiHost.ManagerToken, idempotencyKey: "reset-1");
        var job = (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString();
        using var repeated = await host.SendAsync(HttpMethod.Post, "/api/tenants/forgetful/credentials/reset", ApiHost.ManagerToken, idempotencyKey: "reset-1");
        Assert.Equal((HttpStatusCode.Accepted, answer.Headers.Location), (repeated.StatusCode, repeated.Headers.Location));

        using var second = await host.SendAsync(HttpMethod.Post, "/api/tenants/forgetful/credentials/reset", ApiHost.ManagerToken);
        Assert.Contains(job!, (await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await host.OrderTenantAsync("unborn");
        using var early = await host.SendAsync(HttpMethod.Post, "/api/tenants/unborn/credentials/reset", ApiHost.ManagerToken);
        await ProblemAssert.IsAsync(early, HttpStatusCode.Conflict, "job-running");
        using var unknown = await host.SendAsync(HttpMethod.Post, "/api/tenants/nobody/credentials/reset", ApiHost.ManagerToken);
        await ProblemAssert.IsAsync(unknown, HttpStatusCode.NotFound, "not-found");
    }

    // Sends a request and closes the connection without looking at the answer.
    private async Task CutOffAsync(string path, string key)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ApiHost.AdminToken}\r\nIdempotency-Key: {key}\r\nContent-Length: 0\r\n\r\n"));
        await client.GetStream().ReadExactlyAsync(new byte[1]);
    }

    [Fact]
    public async Task A_job_shows_its_steps_with_attempts_durations_and_errors()
    {
        var id = await host.OrderTenantAsync(ScriptedOrchestrators.FailingPrefix + "-steps");
        var job = await host.WaitAsync($"/api/jobs/{id}", j => j.GetProperty("state").GetString() == "failed");
        var steps = job.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(["storage.create_bucket", "routing.publish"], steps.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal("succeeded", steps[0].GetProperty("state").GetString());
        Assert.Equal(2, steps[0].GetProperty("attempts").GetInt32());
        Assert.Equal("The store did not answer.", steps[0].GetProperty("error").GetString());
        Assert.True(steps[0].GetProperty("durationMs").GetInt32() >= 10);
        Assert.Equal("failed", steps[1].GetProperty("state").GetString());
        Assert.StartsWith("The route could not be published", steps[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(2001, steps[1].GetProperty("error").GetString()!.Length);
        Assert.StartsWith("The route could not be published", job.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("sales", job.GetProperty("requestedBy").GetString());
        Assert.EndsWith("Z", job.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_are_listed_by_tenant_state_and_kind()
    {
        var id = await host.OrderTenantAsync("working");
        await host.WaitAsync($"/api/jobs/{id}", j => j.GetProperty("state").GetString() == "running");
        using var answer = await host.GetAsync("/api/jobs?tenant=working&state=running&kind=provision");
        var list = await ApiHost.JsonAsync(answer);
        var job = Assert.Single(list.GetProperty("items").EnumerateArray());
        Assert.Equal(id, job.GetProperty("id").GetString());
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.False(job.TryGetProperty("steps", out _));

        using var none = await host.GetAsync("/api/jobs?tenant=working&state=succeeded");
        Assert.Equal(0, (await ApiHost.JsonAsync(none)).GetProperty("total").GetInt32());
    }

    // What the activities of another part do at the end of a provisioning.
    private async Task<long> ActiveTenantAsync(string code)
    {
        var job = await host.OrderTenantAsync(code);
        var id = await host.ScalarAsync<long>($"select tenant_id from control.jobs where id = '{job}'");
        var lifecycle = (ControlPlane.Tenants.TenantLifecycle)host.Services.GetService(typeof(ControlPlane.Tenants.TenantLifecycle))!;
        await lifecycle.ActivateAsync(id, job, CancellationToken.None);
        return id;
    }
}
