using System.Globalization;
using System.Net;
using System.Text.Json;
using Bibind.Activities.Notices;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Notices;

/// <summary>Signed webhooks to a receiver that checks them with the library of Standard Webhooks.</summary>
public sealed class WebhookNoticesTests(PostgresServer postgres) : IAsyncLifetime
{
    private NoticeWorld _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"), "--Notices:Operators=");

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_failed_job_is_posted_once_with_a_signature_that_the_library_accepts()
    {
        var (endpoint, secret) = await _world.AddEndpointAsync(null, NoticeKinds.JobFailed);
        await _world.Receiver.AnswerAsync(secrets: [secret, WebhookSecrets.Make()]);
        var tenant = await _world.AddTenantAsync("acme");
        var jobs = _world.Host.Services.GetRequiredService<JobStore>();
        for (var i = 0; i < 3; i++)
        {
            await jobs.FinishAsync($"provision-acme-{tenant}", new JobEnd { Outcome = JobOutcomes.Failed, Reason = "The disk is full." }, Token);
        }

        Assert.Equal(1, await _world.SendAsync());

        var message = Assert.Single(await _world.Receiver.MessagesAsync());
        Assert.Equal([true, false], message.Verified);
        var body = JsonDocument.Parse(message.Body).RootElement;
        Assert.Equal("job-failed", body.GetProperty("type").GetString());
        Assert.Equal("acme", body.GetProperty("data").GetProperty("tenant").GetString());
        Assert.Equal("The disk is full.", body.GetProperty("data").GetProperty("details").GetProperty("reason").GetString());
        var delivery = await _world.DeliveryAsync(await _world.IdOfAsync(NoticeKinds.JobFailed));
        Assert.Equal((message.Id, endpoint), (delivery.GetProperty("messageId").GetString(), delivery.GetProperty("endpoint").GetInt64()));
    }

    [Fact]
    public async Task A_notice_is_deleted_after_its_time_unless_its_cause_lasts_or_it_is_under_way()
    {
        await _world.AddEndpointAsync();
        await _world.Receiver.AnswerAsync();
        var tenant = await _world.AddTenantAsync("acme");
        var quota = Notice.QuotaReached(tenant, "storage", 80, "8 GB", "10 GB");
        var told = await _world.RaiseAsync(Notice.JobFailed(tenant, "told", "backup", "The disk is full."));
        var lasting = await _world.RaiseAsync(quota);

        // The customer gets a letter about the quota.
        Assert.Equal(3, await _world.SendAsync());
        var underWay = await _world.RaiseAsync(Notice.JobFailed(tenant, "under-way", "backup", "The disk is full."));
        _world.Clock.Advance(TimeSpan.FromDays(401));
        var recent = await _world.RaiseAsync(Notice.JobFailed(tenant, "recent", "backup", "The disk is full."));
        var store = _world.Host.Services.GetRequiredService<NoticeStore>();

        Assert.Equal(1, await store.PurgeAsync(100, Token));
        Assert.Null(await store.FindAsync(told!.Value, Token));
        await _world.CloseAsync(quota);
        Assert.Equal(1, await store.PurgeAsync(100, Token));

        Assert.Null(await store.FindAsync(lasting!.Value, Token));
        Assert.NotNull(await store.FindAsync(underWay!.Value, Token));
        Assert.NotNull(await store.FindAsync(recent!.Value, Token));
        Assert.Equal(0, await _world.Host.ScalarAsync<long>("select count(*) from control.notice_attempts a where not exists (select from control.notice_deliveries where id = a.delivery_id)"));
    }

    [Fact]
    public async Task Both_secrets_sign_while_one_is_changed_and_only_the_new_one_afterwards()
    {
        var (endpoint, former) = await _world.AddEndpointAsync();
        using var rotated = await _world.Host.SendAsync(HttpMethod.Post, $"/api/webhook-endpoints/{endpoint}/rotate-secret", ApiHost.AdminToken);
        var current = (await ApiHost.JsonAsync(rotated)).GetProperty("secret").GetString()!;
        await _world.Receiver.AnswerAsync(secrets: [former, current]);
        using var first = await _world.Host.SendAsync(HttpMethod.Post, $"/api/webhook-endpoints/{endpoint}/test", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        await _world.SendAsync();

        _world.Clock.Advance(TimeSpan.FromDays(1));
        using var second = await _world.Host.SendAsync(HttpMethod.Post, $"/api/webhook-endpoints/{endpoint}/test", ApiHost.AdminToken);
        await _world.SendAsync();

        // The library refuses timestamps that are a day off, so the second is compared by hand below.
        var messages = await _world.Receiver.MessagesAsync();
        Assert.Equal([true, true], messages[0].Verified);
        Assert.Equal(2, messages[0].Signature!.Split(' ').Length);
        Assert.Single(messages[1].Signature!.Split(' '));
    }

    [Fact]
    public async Task The_signature_is_that_of_the_specifications_example()
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(1614265330);
        var signature = WebhookSignature.Of(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, """{"test": 2432232314}"""u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task An_endpoint_that_fails_is_tried_again_under_the_same_id_and_one_that_is_gone_is_disabled()
    {
        var (endpoint, _) = await _world.AddEndpointAsync();
        await _world.Receiver.AnswerAsync(500);
        var notice = (await _world.RaiseAsync(Notice.BillingGapPassed(null, "acme", 3, 5)))!.Value;
        await _world.SendAsync();
        await _world.Receiver.AnswerAsync(302, headers: new Dictionary<string, string> { ["location"] = "http://169.254.169.254/" });
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        await _world.SendAsync();
        await _world.Receiver.AnswerAsync(410);
        _world.Clock.Advance(TimeSpan.FromMinutes(10));
        await _world.SendAsync();

        Assert.Equal(["failed", "failed", "refused"], await _world.ResultsAsync(notice));
        Assert.Single((await _world.Receiver.MessagesAsync()).Select(m => m.Id).Distinct());
        using var shown = await _world.Host.GetAsync($"/api/webhook-endpoints/{endpoint}", ApiHost.AdminToken);
        var disabled = await ApiHost.JsonAsync(shown);
        Assert.False(disabled.GetProperty("enabled").GetBoolean());
        Assert.Contains("410", disabled.GetProperty("disabledReason").GetString(), StringComparison.Ordinal);

        await _world.RaiseAsync(Notice.BillingGapPassed(null, "acme", 6, 7));
        Assert.Equal(0, await _world.SendAsync());
        using var enabled = await _world.Host.SendAsync(
            HttpMethod.Patch, $"/api/webhook-endpoints/{endpoint}", ApiHost.AdminToken, """{"enabled": true}""", ifMatch: shown.Headers.ETag!.ToString());
        Assert.Equal(HttpStatusCode.OK, enabled.StatusCode);
        await _world.Receiver.AnswerAsync();
        using var again = await _world.Host.SendAsync(HttpMethod.Post, $"/api/notices/{notice}/resend", ApiHost.ManagerToken);
        Assert.Equal(1, await _world.SendAsync());
        Assert.Single((await _world.Receiver.MessagesAsync()).Select(m => m.Id).Distinct());
    }

    [Fact]
    public async Task Retry_after_is_waited_for()
    {
        await _world.AddEndpointAsync();
        await _world.Receiver.AnswerAsync(503, headers: new Dictionary<string, string> { ["retry-after"] = "7200" });
        var notice = (await _world.RaiseAsync(Notice.BillingGapPassed(null, "acme", 3, 5)))!.Value;
        await _world.SendAsync();
        _world.Clock.Advance(TimeSpan.FromMinutes(110));
        Assert.Equal(0, await _world.SendAsync());
        _world.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(1, await _world.SendAsync());
        Assert.Equal(2, (await _world.ResultsAsync(notice)).Count);
    }

    [Fact]
    public async Task A_cause_is_told_once_until_it_is_over_and_never_if_it_did_not_happen()
    {
        await _world.AddEndpointAsync();
        var tenant = await _world.AddTenantAsync("quota");
        var other = await _world.AddTenantAsync("other");
        var notice = Notice.QuotaReached(tenant, "storage", 80, "4.1 GB", "5 GB");
        Assert.NotNull(await _world.RaiseAsync(notice, commit: false));
        Assert.NotNull(await _world.RaiseAsync(notice));
        Assert.Null(await _world.RaiseAsync(notice));
        Assert.NotNull(await _world.RaiseAsync(Notice.QuotaReached(tenant, "storage", 100, "5 GB", "5 GB")));
        Assert.NotNull(await _world.RaiseAsync(Notice.QuotaReached(other, "storage", 80, "4.1 GB", "5 GB")));
        await _world.CloseAsync(notice);
        Assert.NotNull(await _world.RaiseAsync(notice));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _world.RaiseAsync(Notice.Resumed(tenant, "resume-1"))));
        Assert.Equal(1, await _world.Host.ScalarAsync<long>("select count(*) from control.notices where kind = 'resumed'"));
    }

    [Fact]
    public async Task A_certificate_that_fails_twice_is_told_once_and_again_after_it_was_renewed()
    {
        var register = _world.Host.Services.GetRequiredService<CertificateRegister>();
        var row = new RegisteredCertificate("tls/shop.example", null, "shop.example", "ca.example", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(20), DateTimeOffset.UtcNow);
        foreach (var failures in new[] { 1, 2, 3, 0, 1, 2 })
        {
            await register.PutAsync(row with { Failures = failures, LastFailure = failures == 0 ? null : "refused" }, Token);
        }

        Assert.Equal(2, await _world.Host.ScalarAsync<long>("select count(*) from control.notices where kind = 'certificate-failing'"));
    }

    [Fact]
    public async Task Whatever_is_due_is_sent_by_several_hosts_once_each()
    {
        const int Many = 400;
        await _world.AddEndpointAsync();
        for (var i = 0; i < Many; i++)
        {
            await _world.RaiseAsync(Notice.JobFailed(null, string.Create(CultureInfo.InvariantCulture, $"job-{i}"), "backup", "no disk"));
        }

        var attempts = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ActivatorUtilities.CreateInstance<NoticeSender>(_world.Host.Services).RunAsync(Token)));

        Assert.Equal(Many, attempts.Sum());
        Assert.Equal(Many, (await _world.Receiver.MessagesAsync()).Select(m => m.Id).Distinct().Count());
        Assert.Equal(Many, await _world.Host.ScalarAsync<long>("select count(*) from control.notice_deliveries where state = 'sent'"));
    }
}
