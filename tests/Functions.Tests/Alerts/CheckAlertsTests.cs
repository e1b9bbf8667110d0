using System.Net;
using System.Net.Http.Headers;
using Azure.Storage.Queues;
using Bibind.ControlPlane.Alerts;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Alerts;

/// <summary>A host that looks for what is wrong, at a real broker.</summary>
public sealed class AlertsHost(PostgresServer postgres) : IAsyncLifetime
{
    private AzuriteServer? _azurite;

    public ApiHost Host { get; private set; } = new(postgres);

    public string Queues => _azurite!.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _azurite = await AzuriteServer.StartAsync();
        Host = new ApiHost(postgres)
        {
            More = [$"--Queues:AzureStorage:ConnectionString={Queues}", "--Queues:Consume=false", "--Alerts:After=00:00:00", "--Alerts:StatusPage=true", "--Alerts:Off:0=server-warning"],
        };
        await Host.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _azurite!.DisposeAsync();
    }
}

/// <summary>What one tick of <c>checkAlerts</c> finds, tells once and closes.</summary>
public sealed class CheckAlertsTests(AlertsHost fixture) : IClassFixture<AlertsHost>
{
    private ApiHost Host => fixture.Host;

    [Fact]
    public async Task An_operators_account_that_is_not_known_to_be_gone_is_an_alert_until_it_is()
    {
        await Host.OrderTenantAsync("entered");
        await Host.ExecuteAsync(
            """
            insert into control.support_accesses (tenant_id, tenant_code, job_id, state, level, minutes, reason, requested_by, requester, requested_at, needs_consent, login, expires_at)
            select id, code, 'support-' || n, case n when 1 then 'ending' else 'open' end, 'user', 60, 'ticket', 'olga', 'api:olga' || n, now(), false, 'support-' || n, now() + interval '1 minute' * (40 * n - 60)
            from control.tenants, generate_series(1, 2) n where code = 'entered'
            """);
        await TickAsync();
        Assert.EndsWith(" entered", await OpenAsync(AlertKinds.SupportOverdue), StringComparison.Ordinal);
        Assert.Contains("GET /api/jobs/support-1", await Host.ScalarAsync<string>("select reason from control.alerts where kind = 'support-overdue' and closed_at is null"), StringComparison.Ordinal);

        await Host.ExecuteAsync("update control.support_accesses set state = 'ended'");
        await TickAsync();
        Assert.Equal("", await OpenAsync(AlertKinds.SupportOverdue));
    }

    [Fact]
    public async Task A_failed_job_is_an_alert_until_the_same_is_done()
    {
        await AddJobAsync("backup-acme-1-1", "failed", "now() - interval '2 hours'");
        await AddJobAsync("backup-acme-1-2", "failed", "now() - interval '1 hour'");
        await AddJobAsync("backup-old-1-1", "failed", "now() - interval '2 days'", "old");
        await TickAsync();
        await TickAsync();

        Assert.Equal("backup acme", await OpenAsync(AlertKinds.JobFailed));
        Assert.Contains("backup-acme-1-2", await Host.ScalarAsync<string>("select reason from control.alerts where subject = 'backup acme' and closed_at is null"), StringComparison.Ordinal);

        await AddJobAsync("backup-acme-1-3", "succeeded", "now()");
        await TickAsync();

        Assert.Equal("", await OpenAsync(AlertKinds.JobFailed));
        Assert.Equal(1, await CountAsync("control.alerts where subject = 'backup acme'"));
    }

    [Fact]
    public async Task An_offline_server_is_told_once_and_again_when_it_comes_back_and_goes()
    {
        await Host.ExecuteAsync("insert into control.server_alerts (server_id, kind, reason, raised_at) select id, 'offline', 'No answer.', now() from control.servers limit 1");
        await TickAsync();
        await TickAsync();
        Assert.Equal(ApiHost.Server, await OpenAsync(AlertKinds.ServerOffline));
        Assert.Equal(1, await CountAsync("control.notices where kind = 'alert-raised' and cause = 'server-offline local' and closed_at is null"));
        await Host.WaitAsync("/status", j => j.GetProperty("status").GetString() == "degraded");

        await Host.ExecuteAsync("update control.server_alerts set cleared_at = now()");
        await TickAsync();
        Assert.Equal(("", 0), (await OpenAsync(AlertKinds.ServerOffline), await CountAsync("control.notices where kind = 'alert-raised' and cause = 'server-offline local' and closed_at is null")));
    }

    [Fact]
    public async Task Messages_of_a_poison_queue_are_an_alert_while_they_are_there()
    {
        var queue = new QueueClient(fixture.Queues, "billing-poison");
        await queue.CreateIfNotExistsAsync();
        await queue.SendMessageAsync("unreadable");
        await TickAsync();
        Assert.Equal("billing-poison azure-storage", await OpenAsync(AlertKinds.PoisonMessages));

        await queue.ClearMessagesAsync();
        await TickAsync();
        Assert.Equal("", await OpenAsync(AlertKinds.PoisonMessages));
    }

    [Fact]
    public async Task Billing_that_is_parked_a_certificate_that_ends_and_work_that_waits_are_alerts()
    {
        await Host.ExecuteAsync(
            """
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, reason, received_at, updated_at)
              values ('m-1', 'invoice.paid', 'acme', 1, now(), '{}', 'parked', 'No such tenant.', now() - interval '1 hour', now()), ('m-2', 'invoice.paid', 'fresh', 1, now(), '{}', 'parked', 'x', now(), now());
            insert into control.certificates (name, host, issuer, not_before, not_after, look_at, failures, last_failure, updated_at)
              values ('soon', 'soon.example', 'ca', now(), now() + interval '3 days', now(), 0, null, now()), ('failing', 'failing.example', 'ca', now(), now() + interval '20 days', now(), 3, 'Refused.', now()),
                     ('well', 'well.example', 'ca', now(), now() + interval '80 days', now(), 0, null, now());
            """);
        await TickAsync();

        Assert.Equal("acme", await OpenAsync(AlertKinds.BillingParked));
        Assert.Equal("failing.example,soon.example", await OpenAsync(AlertKinds.CertificateFailing));
        Assert.Equal("critical", await Host.ScalarAsync<string>("select severity from control.alerts where subject = 'soon.example'"));
    }

    [Fact]
    public async Task What_is_beyond_a_hundred_gets_one_alert_together()
    {
        await Host.ExecuteAsync(
            """
            insert into control.jobs (id, kind, subject, requested_by, changing, created_at, finished_at, outcome, reason)
            select 'many-' || n, 'move', 'many-' || n, 'x', false, now() + interval '1 minute', now() + interval '1 minute', 'failed', 'x' from generate_series(1, 150) n
            """);
        await TickAsync();

        Assert.Equal(101, await CountAsync("control.alerts where kind = 'job-failed' and closed_at is null and (subject like 'move many-%' or subject = 'more')"));

        await Host.ExecuteAsync("delete from control.jobs where id like 'many-%'");
        await TickAsync();
        Assert.Equal(0, await CountAsync("control.alerts where closed_at is null and subject like '%many-%'"));
    }

    [Fact]
    public async Task Two_machines_that_look_at_once_tell_once()
    {
        await AddJobAsync("restore-twice-1-1", "failed", "now()", "twice", "restore");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TickAsync()));

        Assert.Equal(1, await CountAsync("control.alerts where subject = 'restore twice'"));
    }

    [Fact]
    public async Task A_look_that_fails_leaves_what_was_known_and_the_other_kinds_are_looked_at()
    {
        await AddJobAsync("restore-kept-1-1", "failed", "now()", "kept", "restore");
        await TickAsync();
        await Host.ExecuteAsync("alter table control.jobs rename column reason to reason_away");
        try
        {
            await Assert.ThrowsAnyAsync<Exception>(TickAsync);
        }
        finally
        {
            await Host.ExecuteAsync("alter table control.jobs rename column reason_away to reason");
        }

        Assert.Equal(1, await CountAsync("control.alerts where subject = 'restore kept' and closed_at is null"));
    }

    [Fact]
    public async Task The_list_and_the_status_page_tell_what_they_may()
    {
        using var list = await Host.GetAsync("/api/alerts?state=open&kind=queue-age");
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        using var wrong = await Host.GetAsync("/api/alerts?state=blue");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/status");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        using var page = await Host.Client.SendAsync(request);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain(ApiHost.Server, await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task TickAsync()
    {
        await using var scope = Host.Services.CreateAsyncScope();
        var timer = ActivatorUtilities.CreateInstance<CheckAlerts>(scope.ServiceProvider);
        await timer.RunAsync(new TimerTick("checkAlerts", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
    }

    private Task AddJobAsync(string id, string outcome, string at, string subject = "acme", string kind = "backup") => Host.ExecuteAsync(
        $"insert into control.jobs (id, kind, subject, requested_by, changing, created_at, finished_at, outcome, reason) values ('{id}', '{kind}', '{subject}', 'x', false, {at}, {at}, '{outcome}', 'No disk.')");

    private Task<string> OpenAsync(string kind) =>
        Host.ScalarAsync<string>($"select coalesce(string_agg(subject, ',' order by subject), '') from control.alerts where kind = '{kind}' and closed_at is null and subject not like 'restore %' and subject not like 'move %'");

    private Task<int> CountAsync(string from) => Host.ScalarAsync<int>($"select count(*)::int from {from}");
}
