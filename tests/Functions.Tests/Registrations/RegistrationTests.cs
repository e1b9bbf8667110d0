using System.Net;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Registrations;

/// <summary>From a registration to a trial, and what may go wrong on the way.</summary>
public sealed class RegistrationTests(RegistrationWorld world) : IClassFixture<RegistrationWorld>
{
    private const string NoSuchToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task Who_proves_their_address_gets_a_trial_with_its_customer_and_subscription()
    {
        await world.RegisterAsync("whole", "zoe@whole.example", """, "language": "fr_FR", "timeZone": "Europe/Paris" """);
        Assert.Equal(0, await world.TenantsAsync("whole"));
        var letter = Assert.Single(await world.LettersToAsync("zoe@whole.example"));
        Assert.Equal("Confirmez votre adresse e-mail pour essayer Acme Ltd", letter.Subject);
        var token = RegistrationWorld.TokenIn(letter);
        Assert.Contains($"{RegistrationWorld.ConfirmUrl}?token={token}&amp;lang=fr", letter.HtmlBody, StringComparison.Ordinal);

        // Programs that look at mail follow its links, as often as they like.
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Get })
        {
            using var page = await world.Api.SendAsync(method, $"/registrations/confirm?token={token}&lang=fr");
            Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
            Assert.Equal(("no-store", "no-referrer"), (page.Headers.CacheControl!.ToString(), page.Headers.GetValues("Referrer-Policy").Single()));
        }

        Assert.Equal("waiting", await world.StateAsync("whole"));
        using var pressed = await world.PressAsync($"token={token}");
        Assert.Equal(HttpStatusCode.OK, pressed.StatusCode);
        Assert.Contains("https://whole.example.test", await pressed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

        Assert.Equal("provisioning|Acme Ltd|Jane|zoe@whole.example|fr_FR|registration|starter", await world.Api.ScalarAsync<string>(
            "select concat_ws('|', state, name, customer_name, customer_email, language, requested_by, plan) from control.tenants where code = 'whole'"));
        Assert.Equal("trial", await world.Api.ScalarAsync<string>("select state from control.subscriptions where tenant = 'whole'"));
        Assert.Equal("Jane|zoe@whole.example|fr_FR", await world.Api.ScalarAsync<string>(
            "select concat_ws('|', c.name, c.email, c.language) from control.customers c join control.tenants t on t.customer = c.code where t.code = 'whole'"));
        Assert.Equal("ordered", await world.StateAsync("whole"));

        using var again = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Gone, "registration-used");
        using var pressedAgain = await world.PressAsync($"token={token}");
        Assert.Equal(HttpStatusCode.Gone, pressedAgain.StatusCode);
        Assert.Equal(1, await world.TenantsAsync("whole"));
    }

    [Fact]
    public async Task The_token_is_nowhere_but_in_the_letter()
    {
        var (_, secret) = await world.Notices.AddEndpointAsync();
        var token = await world.TokenAsync("secret", "jane@secret.example");
        var id = await world.Api.ScalarAsync<long>("select id from control.registrations where code = 'secret'");
        foreach (var table in new[] { "registrations", "notices", "notice_deliveries", "notice_attempts", "secrets", "webhook_log", "idempotency_keys" })
        {
            Assert.Equal((table, 0), (table, await world.Api.ScalarAsync<long>($"select count(*) from control.{table} x where x::text like '%{token}%'")));
        }

        using var notices = await world.Api.GetAsync("/api/notices?kind=registration-confirm", ApiHost.AdminToken);
        Assert.DoesNotContain(token, await notices.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.DoesNotContain(token, world.Api.Logs.Text, StringComparison.Ordinal);
        Assert.Equal(0, await world.Api.ScalarAsync<long>(
            "select count(*) from control.notice_deliveries d join control.notices n on n.id = d.notice_id where n.kind = 'registration-confirm' and d.channel = 'webhook'"));
        Assert.NotEmpty(secret);
        using var confirmed = await world.ConfirmAsync(token);
        Assert.Equal(HttpStatusCode.Accepted, confirmed.StatusCode);
        Assert.Equal(0, await world.Api.ScalarAsync<long>($"select count(*) from control.secrets where name = 'registrations/{id}/token'"));
    }

    [Fact]
    public async Task Ten_proofs_at_once_order_once()
    {
        var token = await world.TokenAsync("race", "jane@race.example");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => world.ConfirmAsync(token)));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(9, answers.Count(a => a.StatusCode == HttpStatusCode.Gone));
        Assert.Equal(1, await world.TenantsAsync("race"));
    }

    [Theory]
    [InlineData("inside", "create trigger broken before insert on control.subscriptions for each row execute function control.break_off()")]
    [InlineData("at-commit", "create constraint trigger broken after insert on control.subscriptions deferrable initially deferred for each row execute function control.break_off()")]
    public async Task What_breaks_off_between_proof_and_order_loses_neither_and_orders_once(string code, string trigger)
    {
        var token = await world.TokenAsync(code, $"jane@{code}.example");
        await world.Api.ExecuteAsync($"create or replace function control.break_off() returns trigger language plpgsql as $$ begin if new.tenant = '{code}' then raise 'killed'; end if; return new; end $$; {trigger}");
        try
        {
            using var broken = await world.ConfirmAsync(token);
            Assert.Equal(HttpStatusCode.InternalServerError, broken.StatusCode);
        }
        finally
        {
            await world.Api.ExecuteAsync("drop trigger broken on control.subscriptions");
        }

        Assert.Equal("waiting", await world.StateAsync(code));
        Assert.Equal(0, await world.TenantsAsync(code));
        using var confirmed = await world.ConfirmAsync(token);
        Assert.Equal(HttpStatusCode.Accepted, confirmed.StatusCode);
        Assert.Equal(1, await world.TenantsAsync(code));
        Assert.Equal(1, await world.Api.ScalarAsync<long>($"select count(*) from durable.instances where instance_id like 'provision-{code}-%'"));
    }

    [Fact]
    public async Task An_order_that_cannot_be_met_for_the_moment_is_made_later_and_once()
    {
        var token = await world.TokenAsync("later", "jane@later.example");
        await world.Api.ExecuteAsync("update control.servers set state = 'maintenance'");
        try
        {
            using var confirmed = await world.ConfirmAsync(token);
            Assert.Equal("confirmed", (await ApiHost.JsonAsync(confirmed)).GetProperty("state").GetString());
            await world.Api.ExecuteAsync("update control.registrations set next_try_at = now() where state = 'confirmed'");
            await world.TickAsync();
            Assert.Equal("confirmed", await world.StateAsync("later"));
        }
        finally
        {
            await world.Api.ExecuteAsync("update control.servers set state = 'active'");
        }

        await world.Api.ExecuteAsync("update control.registrations set next_try_at = now() where state = 'confirmed'");
        await Task.WhenAll(world.TickAsync(), world.TickAsync(), world.TickAsync());
        Assert.Equal("ordered", await world.StateAsync("later"));
        Assert.Equal(1, await world.TenantsAsync("later"));
    }

    [Fact]
    public async Task A_name_that_was_lost_meanwhile_is_told_by_letter()
    {
        var token = await world.TokenAsync("lost", "jane@lost.example");
        await world.Api.OrderTenantAsync("found");
        await world.Api.ExecuteAsync("update control.tenants set code = 'lost' where code = 'found'");
        using var refused = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "registration-failed");
        Assert.Equal("failed taken", await world.StateAsync("lost"));
        Assert.Contains("The name lost is taken", (await world.LettersToAsync("jane@lost.example"))[^1].TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_held_for_who_registered_until_an_operator_gives_it_free()
    {
        var token = await world.TokenAsync("held", "jane@held.example");
        using var refused = await world.Api.OrderAsync(ApiHost.Order("held"));
        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "code-taken");
        using var listed = await world.Api.GetAsync("/api/registrations?state=waiting&pageSize=200", ApiHost.ManagerToken);
        var row = (await ApiHost.JsonAsync(listed)).GetProperty("items").EnumerateArray().Single(r => r.GetProperty("code").GetString() == "held");
        using var withdrawn = await world.Api.SendAsync(HttpMethod.Delete, $"/api/registrations/{row.GetProperty("id")}", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.NoContent, withdrawn.StatusCode);
        using var twice = await world.Api.SendAsync(HttpMethod.Delete, $"/api/registrations/{row.GetProperty("id")}", ApiHost.ManagerToken);
        await ProblemAssert.IsAsync(twice, HttpStatusCode.Conflict, "registration-state");
        using var gone = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(gone, HttpStatusCode.Gone, "registration-withdrawn");
        await world.Api.OrderTenantAsync("held");
    }

    [Fact]
    public async Task Who_registers_once_more_gets_another_letter_and_the_former_link_ends()
    {
        var first = await world.TokenAsync("once-more", "jane@more.example");
        var second = await world.TokenAsync("once-more", "jane@more.example");
        Assert.NotEqual(first, second);
        using var former = await world.ConfirmAsync(first);
        await ProblemAssert.IsAsync(former, HttpStatusCode.Gone, "registration-withdrawn");
        using var confirmed = await world.ConfirmAsync(second);
        Assert.Equal(HttpStatusCode.Accepted, confirmed.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData(NoSuchToken)]
    [InlineData(NoSuchToken + "A")]
    [InlineData("' or 1=1 --'                               ")]
    [InlineData("\"><script>alert(1)</script>")]
    public async Task A_token_that_is_none_is_not_found_and_not_repeated(string token)
    {
        using var answer = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
        using var pressed = await world.PressAsync($"token={Uri.EscapeDataString(token)}");
        Assert.Equal(HttpStatusCode.NotFound, pressed.StatusCode);
        using var page = await world.Api.SendAsync(HttpMethod.Get, $"/registrations/confirm?lang=%22%3E%3Cscript%3E&token={Uri.EscapeDataString(token)}");
        Assert.Equal(token == NoSuchToken ? HttpStatusCode.OK : HttpStatusCode.NotFound, page.StatusCode);
        Assert.DoesNotContain("<script>", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offer_without_a_trial_is_not_tried()
    {
        await world.Api.ExecuteAsync("update control.plans set trial_days = 0 where code = 'starter'");
        try
        {
            using var answer = await world.PostAsync(RegistrationWorld.Body("untried", "jane@untried.example"));
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "no-trial");
        }
        finally
        {
            await world.Api.ExecuteAsync("update control.plans set trial_days = 14 where code = 'starter'");
        }

        Assert.Equal(0, await world.Api.ScalarAsync<long>("select count(*) from control.registrations where code = 'untried'"));
    }
}
