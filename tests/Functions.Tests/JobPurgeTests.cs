using System.Net;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Jobs that ended long ago are forgotten.</summary>
public sealed class JobPurgeTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Old_jobs_are_forgotten_but_for_the_newest_of_each_kind()
    {
        var job = await host.OrderTenantAsync("forgotten");
        var tenant = await host.ScalarAsync<long>($"select tenant_id from control.jobs where id = '{job}'");
        await host.ExecuteAsync(
            $"""
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome)
            select 'backup-forgotten-{tenant}-' || n, 'backup', {tenant}, 'forgotten', 'forgotten', 'sweep', false, now() - interval '900 days' + n * interval '1 day',
                   now() - interval '800 days', 'succeeded' from generate_series(1, 3) n
            """);
        var wanted = $$""" "endedBefore": "{{DateTimeOffset.UtcNow.AddDays(-500):O}}", "tenant": "forgotten" """;

        using var preview = await host.SendAsync(HttpMethod.Post, "/api/jobs/purge", ApiHost.AdminToken, $$"""{{{wanted}}, "dryRun": true}""");
        Assert.Equal(2, (await ApiHost.JsonAsync(preview)).GetProperty("matched").GetInt32());
        using var purged = await host.SendAsync(HttpMethod.Post, "/api/jobs/purge", ApiHost.AdminToken, $$"""{{{wanted}}, "expected": 2}""");
        Assert.Equal(2, (await ApiHost.JsonAsync(purged)).GetProperty("purged").GetInt32());
        using var other = await host.SendAsync(HttpMethod.Post, "/api/jobs/purge", ApiHost.AdminToken, $$"""{{{wanted}}, "expected": 2}""");
        await ProblemAssert.IsAsync(other, HttpStatusCode.Conflict, "other-count");

        Assert.Equal(1, await host.ScalarAsync<long>($"select count(*) from control.jobs where id = 'backup-forgotten-{tenant}-3'"));
        await host.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'forgotten' and finished_at is null; update control.tenants set state = 'active', activated_at = now() where code = 'forgotten'");
        using var next = await host.SendAsync(HttpMethod.Post, "/api/tenants/forgotten/backups", ApiHost.ManagerToken);
        Assert.Equal($"/api/jobs/backup-forgotten-{tenant}-4", next.Headers.Location?.OriginalString);
    }
}
