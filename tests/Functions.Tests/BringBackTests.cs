using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Usage;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A tenant that was removed is brought back out of its last backup: as what it was, with the subscription that it had, or not at all.</summary>
public sealed class BringBackTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
    [Fact]
    public async Task It_comes_back_as_what_it_was_with_what_was_paid()
    {
        await RemoveAsync("returns");
        await Host.ExecuteAsync(
            """
            update control.tenants set customer = 'c-77', customer_email = 'jane@example.com', name = 'Returns Ltd', max_users = 3, max_storage_bytes = 4000000 where code = 'returns';
            update control.subscriptions set state = 'cancelled', period = 'yearly', anchor_day = 31, paid_until = now() + interval '100 days', cancel_sequence = 41 where tenant = 'returns'
            """);

        using var first = await PostAsync("returns", "back-1");
        using var again = await PostAsync("returns", "back-1");
        using var second = await PostAsync("returns");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal((HttpStatusCode.Accepted, first.Headers.Location), (again.StatusCode, again.Headers.Location));
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "code-taken");
        var job = first.Headers.Location!.OriginalString.Split('/')[^1];
        var input = (await Host.Tasks.GetInstanceAsync(job, getInputsAndOutputs: true, Token))!.SerializedInput!;
        Assert.Contains("returns-final", input, StringComparison.Ordinal);
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(*) from control.tenants where code = 'returns' and state = 'provisioning' and max_users = 3 and max_storage_bytes = 4000000"));
        var tenant = await TenantAsync("returns");
        Assert.Equal(
            ("provisioning", "Returns Ltd", "c-77"),
            (tenant.GetProperty("state").GetString(), tenant.GetProperty("name").GetString(), tenant.GetProperty("customer").GetString()));
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(distinct (host, database, offer, offer_version, plan, plan_version)) from control.tenants where code = 'returns'"));
        using var shown = await Host.GetAsync("/api/tenants/returns/subscription");
        var subscription = await ApiHost.JsonAsync(shown);
        Assert.Equal(("active", "yearly"), (subscription.GetProperty("state").GetString(), subscription.GetProperty("period").GetString()));
        Assert.True(subscription.GetProperty("paidUntil").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddDays(99));
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(*) from control.subscriptions where tenant = 'returns' and state = 'active' and anchor_day = 31 and state_sequence = 41"));
    }

    [Fact]
    public async Task It_comes_back_with_its_maintenance_window_and_one_without_has_none()
    {
        await RemoveAsync("nightly");
        await RemoveAsync("anytime");
        await Host.ExecuteAsync(
            """
            update control.tenants set maintenance_window = '{"from": "22:00:00", "until": "04:00:00", "days": [5, 6], "timeZone": "Europe/Paris"}' where code = 'nightly'
            """);

        using var nightly = await PostAsync("nightly");
        using var anytime = await PostAsync("anytime");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (nightly.StatusCode, anytime.StatusCode));
        var window = (await TenantAsync("nightly")).GetProperty("maintenanceWindow");
        Assert.Equal(
            """{"from":"22:00","until":"04:00","days":["friday","saturday"],"timeZone":"Europe/Paris"}""", JsonSerializer.Serialize(window));
        Assert.Equal(JsonValueKind.Null, (await TenantAsync("anytime")).GetProperty("maintenanceWindow").ValueKind);
    }

    [Fact]
    public async Task What_was_not_paid_is_past_due_from_its_return_on_and_what_no_clock_ran_for_has_none()
    {
        await RemoveAsync("unpaid");
        await RemoveAsync("clockless");
        await Host.ExecuteAsync("update control.subscriptions set state = 'cancelled', paid_until = now() - interval '100 days' where tenant = 'unpaid'");

        using var unpaid = await PostAsync("unpaid");
        using var clockless = await PostAsync("clockless");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (unpaid.StatusCode, clockless.StatusCode));
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(*) from control.subscriptions where tenant = 'unpaid' and state = 'active' and paid_until > now() - interval '5 minutes'"));
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(*) from control.subscriptions where tenant = 'clockless' and state = 'active' and paid_until is null"));
    }

    [Theory]
    [InlineData("leftovers", "update control.tenants set leftovers = true where code = @")]
    [InlineData("no-backup", "delete from control.backups where id like @ || '-%'")]
    [InlineData("grace-over", "update control.tenants set ended_at = now() - interval '400 days' where code = @")]
    public async Task What_cannot_come_back_is_refused_in_words(string kind, string sql)
    {
        var code = $"stays-{kind}";
        await RemoveAsync(code);
        await Host.ExecuteAsync(sql.Replace("@", $"'{code}'", StringComparison.Ordinal));

        using var refused = await PostAsync(code);

        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, kind);
        Assert.Equal(0, await Host.ScalarAsync<long>($"select count(*) from control.tenants where code = '{code}' and state = 'provisioning'"));
    }

    [Fact]
    public async Task A_code_that_another_has_taken_meanwhile_is_refused()
    {
        await RemoveAsync("taken");
        await AddAsync("taken", sql: null);

        using var refused = await PostAsync("taken");
        using var nobody = await PostAsync("nobody-there");

        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "code-taken");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
    }

    private async Task RemoveAsync(string code)
    {
        await AddAsync(code, sql: null);
        await Host.ExecuteAsync(
            $"""
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select code || b.suffix, id, b.kind, 'k', 'm', 1, repeat('0', 64), b.at from control.tenants,
              (values ('-final', 'final', now() - interval '1 hour'), ('-manual', 'manual', now())) b (suffix, kind, at) where code = '{code}' and state = 'active';
            update control.tenants set state = 'terminated', ended_at = now() where code = '{code}';
            update control.subscriptions set state = 'cancelled' where tenant = '{code}'
            """);
    }

    private Task<HttpResponseMessage> PostAsync(string code, string? key = null) =>
        Host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/bring-back", ApiHost.AdminToken, json: null, key);
}
