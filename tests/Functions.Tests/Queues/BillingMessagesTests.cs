using System.Globalization;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>What billing's messages do, without a broker: each is handed to the function as every host would.</summary>
public sealed class BillingMessagesTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Created = "subscription.created";
    private const string Cancelled = "subscription.cancelled";
    private const string Order = """{"offer": "odoo-shared", "name": "Acme Ltd", "customerEmail": "jane@example.com", "locale": {"language": "fr_FR"}}""";

    [Fact]
    public async Task Created_orders_the_tenant_and_is_recorded_with_its_job()
    {
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-1", Created, "ordered", 1, Order)));
        Assert.Equal("done|0|" + await JobOfAsync("ordered"), await RecordAsync("b-1"));
        Assert.Equal("provisioning|Acme Ltd|jane@example.com|fr_FR|billing", await host.ScalarAsync<string>(
            "select concat_ws('|', state, name, customer_email, language, requested_by) from control.tenants where code = 'ordered'"));
    }

    [Fact]
    public async Task Delivered_five_times_at_once_it_takes_effect_once()
    {
        var message = Message("b-2", Created, "often", 1, Order);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => HandleAsync(message)));
        Assert.All(outcomes, o => Assert.Equal(QueueOutcome.Complete, o));
        Assert.Equal(1, await host.ScalarAsync<long>("select count(*) from control.jobs where tenant_code = 'often'"));
        Assert.Equal(1, await host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'provision-often-%'"));
    }

    [Fact]
    public async Task Cancelled_before_created_waits_for_it_and_its_tenant_goes_after_the_job()
    {
        var cancelled = Message("b-4", Cancelled, "early", 2, """{"finalBackup": false}""");
        Assert.Contains("subscription.created is still on its way", await WaitsAsync(cancelled, "b-4"), StringComparison.Ordinal);

        // Its delivery is over, a second one changes nothing, and the round finds nothing to do.
        Assert.Contains("still on its way", await WaitsAsync(cancelled, "b-4"), StringComparison.Ordinal);
        await RoundAsync();
        Assert.StartsWith("waiting|", await RecordAsync("b-4"), StringComparison.Ordinal);

        // What it waited for comes: it is looked at again at once.
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-3", Created, "early", 1, Order)));
        Assert.Contains("is being provisioned by job", await ReasonAsync("b-4"), StringComparison.Ordinal);
        Assert.StartsWith("done|", await RecordAsync("b-4"), StringComparison.Ordinal);

        var tenant = await host.ScalarAsync<long>("select id from control.tenants where code = 'early'");
        await host.Services.GetRequiredService<TenantLifecycle>().ActivateAsync(tenant, await JobOfAsync("early"), default);
        await host.ExecuteAsync("update control.subscriptions set follow_at = now() where tenant = 'early'");
        await Task.WhenAll(FollowAsync(), FollowAsync(), FollowAsync());
        Assert.Equal("terminating", await StateAsync("early"));
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(cancelled));
        Assert.Equal(2, await host.ScalarAsync<long>("select count(*) from control.jobs where tenant_code = 'early'"));
    }

    [Fact]
    public async Task A_gap_in_the_numbers_is_waited_for_and_those_behind_it_follow_in_their_order()
    {
        await HandleAsync(Message("b-10", Created, "gappy", 1, Order));
        Assert.Contains("Number 3 of 'gappy' comes first and has not arrived", await WaitsAsync(Message("b-13", Cancelled, "gappy", 4, "{}"), "b-13"), StringComparison.Ordinal);
        Assert.Contains(
            "Number 2 of 'gappy' comes first and has not arrived",
            await WaitsAsync(Message("b-12", Cancelled, "gappy", 3, """{"when": "period-end"}"""), "b-12"), StringComparison.Ordinal);
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-11", "invoice.paid", "gappy", 2, """{"invoice": "F-1"}""")));
        Assert.StartsWith("done|", await RecordAsync("b-12"), StringComparison.Ordinal);
        Assert.StartsWith("passed|", await RecordAsync("b-13"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waited_and_cannot_be_applied_when_its_turn_comes_is_parked_and_goes_through_once_corrected()
    {
        const string Wrong = """{"offer": "odoo-sharde", "name": "Acme"}""";
        await host.ExecuteAsync("update control.servers set state = 'maintenance'");
        await WaitsAsync(Message("b-81", Created, "unlucky", 2, Order), "b-81");
        await WaitsAsync(Message("b-82", Created, "unlucky", 3, Wrong), "b-82");
        await host.ExecuteAsync("update control.servers set state = 'active'; delete from control.billing_inbox where id = 'b-81'");
        await host.ExecuteAsync("update control.billing_inbox set received_at = received_at - interval '2 hours' where id = 'b-82'");
        await RoundAsync();
        Assert.Contains("There is no offer 'odoo-sharde'", await ReasonAsync("b-82"), StringComparison.Ordinal);
        Assert.StartsWith("parked|", await RecordAsync("b-82"), StringComparison.Ordinal);

        // As an operator does who has corrected what the inbox holds.
        await host.ExecuteAsync("""update control.billing_inbox set data = '{"offer": "odoo-shared", "name": "Acme"}', state = 'waiting' where id = 'b-82'""");
        await RoundAsync();
        Assert.StartsWith("done|", await RecordAsync("b-82"), StringComparison.Ordinal);
        Assert.Equal("provisioning", await StateAsync("unlucky"));
    }

    [Fact]
    public async Task A_retry_that_breaks_off_leaves_the_message_waiting_and_is_not_in_the_way_of_others()
    {
        await host.ExecuteAsync("update control.servers set state = 'maintenance'");
        await WaitsAsync(Message("b-90", Created, "broken-a", 1, Order), "b-90");
        await WaitsAsync(Message("b-91", Created, "broken-b", 1, Order), "b-91");
        await host.ExecuteAsync("update control.servers set state = 'active'");
        await host.ExecuteAsync(
            """
            create function break_off_now() returns trigger language plpgsql as $$ begin raise exception 'broken off'; end $$;
            create trigger break_off before insert on control.jobs for each row when (new.tenant_code = 'broken-a') execute function break_off_now()
            """);
        await RoundAsync();
        Assert.Contains("No server is active", await ReasonAsync("b-90"), StringComparison.Ordinal);
        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from control.tenants where code = 'broken-a'"));
        Assert.StartsWith("done|", await RecordAsync("b-91"), StringComparison.Ordinal);

        await host.ExecuteAsync("drop trigger break_off on control.jobs");
        await RoundAsync();
        Assert.StartsWith("done|", await RecordAsync("b-90"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invoice.paid")]
    [InlineData("payment.failed")]
    [InlineData("subscription.suspended")]
    [InlineData("subscription.resumed")]
    public async Task What_is_not_understood_of_a_fact_is_kept_and_named(string type)
    {
        var id = $"kept-{type}";
        var code = await ActiveAsync($"keeper-{type.Length}{type[^1]}");
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message(id, type, code, 2, """{"any": ["thing", "\u0000", 1e400]}""")));
        Assert.StartsWith("done|", await RecordAsync(id), StringComparison.Ordinal);
        Assert.Contains("Ignored: any.", await ReasonAsync(id), StringComparison.Ordinal);
        Assert.Contains("1e400", await host.ScalarAsync<string>($"select data::text from control.billing_inbox where id = '{id}'"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_version_before_parked_is_taken_up()
    {
        await ActiveAsync("older");
        await host.ExecuteAsync(
            """
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, reason, received_at, updated_at)
            values ('b-21', 'payment.failed', 'older', 2, now(), '{}', 'parked', 'kept until a version comes', now(), now())
            """);
        await RoundAsync();
        Assert.StartsWith("done|", await RecordAsync("b-21"), StringComparison.Ordinal);
        Assert.Equal("past_due", await host.ScalarAsync<string>("select state from control.subscriptions where tenant = 'older'"));
    }

    [Fact]
    public async Task A_cancellation_at_the_periods_end_lets_the_tenant_be_until_then()
    {
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(
            Message("b-20", Cancelled, await ActiveAsync("later"), 2, """{"when": "period-end"}""").Replace("2026-03-01", $"{DateTimeOffset.UtcNow:yyyy-MM-dd}", StringComparison.Ordinal)));
        Assert.StartsWith("done|", await RecordAsync("b-20"), StringComparison.Ordinal);
        Assert.Equal("active", await StateAsync("later"));
        Assert.True(await host.ScalarAsync<bool>("select cancel_at > now() from control.subscriptions where tenant = 'later'"));
    }

    [Fact]
    public async Task What_cannot_be_met_is_parked_with_the_reason_and_goes_through_when_it_comes_corrected()
    {
        var reason = await ParkedAsync(Message("b-30", Created, "corrected", 1, """{"offer": "odoo-sharde", "name": "Acme"}"""), "b-30");
        Assert.Contains("billing.data.offer There is no offer 'odoo-sharde': choose", reason, StringComparison.Ordinal);
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-30", Created, "corrected", 1, Order)));
        Assert.StartsWith("done|", await RecordAsync("b-30"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_that_is_taken_is_parked()
    {
        await HandleAsync(Message("b-31", Created, "taken", 1, Order));
        Assert.Contains(
            "billing.tenant The code 'taken' belongs to a tenant already", await ParkedAsync(Message("b-32", Created, "taken", 2, Order), "b-32"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_that_is_gone_already_needs_nothing_done()
    {
        var code = await ActiveAsync("gone");
        await host.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now() where code = 'gone'");
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-40", Cancelled, code, 2, "{}")));
        Assert.Equal("done|40|", await RecordAsync("b-40", reasonLength: true));
    }

    [Fact]
    public async Task A_number_is_one_messages_own_and_late_ones_pass()
    {
        await HandleAsync(Message("b-50", Created, "numbered", 5, Order));
        Assert.Contains("message 'b-50' already", await DeadAsync(Message("b-51", Cancelled, "numbered", 5, "{}")), StringComparison.Ordinal);
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-52", Cancelled, "numbered", 4, "{}")));
        Assert.StartsWith("passed|", await RecordAsync("b-52"), StringComparison.Ordinal);
        Assert.Equal("provisioning", await StateAsync("numbered"));
        var foreign = await DeadAsync(Message("b-50", Cancelled, "numbered", 6, "{}"));
        Assert.Contains("belongs to another message: subscription.created for 'numbered', number 5", foreign, StringComparison.Ordinal);
        Assert.StartsWith("done|", await RecordAsync("b-50"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_room_is_waited_for()
    {
        await host.ExecuteAsync("update control.servers set state = 'maintenance'");
        Assert.Contains("No server is active", await WaitsAsync(Message("b-60", Created, "patient", 1, Order), "b-60"), StringComparison.Ordinal);
        await host.ExecuteAsync("update control.servers set state = 'active'");
        await RoundAsync();
        Assert.StartsWith("done|", await RecordAsync("b-60"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "body is not valid JSON")]
    [InlineData("{", "body is not valid JSON at line 1")]
    [InlineData("[]", "body must be an object with the member billing, not a list")]
    [InlineData("{}", "billing is missing")]
    [InlineData("""{"billing": 1}""", "billing must be an object, not a number")]
    [InlineData("""{"billing": {}, "more": 1}""", "more is unknown; known are billing")]
    [InlineData("""{"billing": {"id": "x"}}""", "billing.type is missing. billing.tenant is missing. billing.sequence is missing. billing.occurredAt is missing. billing.data is missing.")]
    public async Task A_body_that_is_no_envelope_is_named(string body, string words)
    {
        var before = await host.CountRowsAsync();
        Assert.Contains(words, Assert.IsType<QueueOutcome.DeadLettered>(await RunAsync(body)).Reason, StringComparison.Ordinal);
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Theory]
    [InlineData("\"id\": \"ID\"", "\"id\": 7", "billing.id must be text, not a number")]
    [InlineData("\"id\": \"ID\"", "\"id\": \"\"", "billing.id must be 1 to 128")]
    [InlineData("\"id\": \"ID\"", "\"id\": \"a\\u0000b\"", "billing.id must not hold control characters")]
    [InlineData("\"id\": \"ID\"", "\"id\": \"a\\ud800\"", "billing.id is not valid Unicode")]
    [InlineData("\"id\": \"ID\"", "\"id\": \"a\", \"id\": \"b\"", "billing.id is given more than once")]
    [InlineData("subscription.created", "subscription.exploded", "billing.type 'subscription.exploded' is unknown; known are subscription.created")]
    [InlineData("subscription.created", "Robert'); drop", "billing.type must be words joined by dots")]
    [InlineData("\"acme\"", "\"Acme\"", "billing.tenant must be a tenant's code")]
    [InlineData("\"sequence\": 1", "\"sequence\": 0", "billing.sequence must be a whole number above 0, not 0")]
    [InlineData("\"sequence\": 1", "\"sequence\": 1.5", "billing.sequence must be a whole number above 0, not 1.5")]
    [InlineData("\"sequence\": 1", "\"sequence\": \"1\"", "billing.sequence must be a whole number above 0, not text")]
    [InlineData("2026-03-01T09:30:00Z", "2026-03-01T09:30:00", "billing.occurredAt must be a time with its offset")]
    [InlineData("2026-03-01T09:30:00Z", "2026-13-01T09:30:00Z", "billing.occurredAt must be a time with its offset")]
    [InlineData("\"data\": {}", "\"data\": []", "billing.data must be an object, not a list")]
    [InlineData("\"data\": {}", "\"data\": {}, \"colour\": 1", "billing.colour is unknown; known are id, type")]
    public async Task A_field_of_the_envelope_that_is_wrong_is_named(string right, string wrong, string words)
    {
        var body = Message("ID", Created, "acme", 1, "{}").Replace(right, wrong, StringComparison.Ordinal);
        Assert.Contains(words, Assert.IsType<QueueOutcome.DeadLettered>(await RunAsync(body)).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Created, "{}", "billing.data.name is missing. billing.data.offer is missing.")]
    [InlineData(Created, """{"offer": 1, "name": "x"}""", "billing.data.offer must be text")]
    [InlineData(Created, """{"offer": "odoo-shared", "name": "x", "colour": "red"}""", "billing.data.colour is unknown")]
    [InlineData(Created, """{"offer": "odoo-shared", "name": "x", "code": "other"}""", "billing.data.code is unknown; the code is billing.tenant")]
    [InlineData(Created, """{"offer": "odoo-shared", "name": "x", "name": "y"}""", "billing.data.name is given more than once")]
    [InlineData(Created, """{"offer": "odoo-shared", "name": "x", "customerEmail": "nobody"}""", "billing.data.customerEmail must be an e-mail address")]
    [InlineData(Created, """{"offer": "odoo-shared", "name": "x", "locale": {"currency": "euro"}}""", "billing.data.locale.currency must be an ISO 4217 code")]
    [InlineData("plan.changed", "{}", "billing.data.plan is missing")]
    [InlineData("plan.changed", """{"plan": "pro", "period": "weekly"}""", "billing.data.period must be monthly or yearly")]
    [InlineData("plan.changed", """{"plan": "pro", "since": "today"}""", "billing.data.since is unknown")]
    [InlineData("invoice.paid", """{"periodEnd": "2026-03-01"}""", "billing.data.periodEnd must be a timestamp with its offset")]
    [InlineData("invoice.paid", """{"periodEnd": "9026-03-01T00:00:00Z"}""", "billing.data.periodEnd must be a time between the years 2000 and 2999")]
    [InlineData("payment.failed", """{"reason": 1}""", "billing.data.reason must be text")]
    [InlineData("subscription.suspended", """{"cause": "mood"}""", "billing.data.cause must be payment or operator")]
    [InlineData(Cancelled, """{"when": "tomorrow"}""", "billing.data.when must be now or period-end")]
    [InlineData(Cancelled, """{"finalBackup": "no"}""", "billing.data.finalBackup must be true or false")]
    [InlineData(Cancelled, """{"reason": "x"}""", "billing.data.reason is unknown")]
    public async Task A_field_of_the_data_that_is_wrong_is_named_and_recorded(string type, string data, string words)
    {
        var id = $"d-{Guid.NewGuid():N}";
        Assert.Contains(words, await ParkedAsync(Message(id, type, $"t{id[2..12]}", 1, data), id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_effect_that_fails_leaves_no_record_so_that_a_repetition_does_it()
    {
        // The orchestration cannot be started, after the tenant was reserved and the job was opened.
        await host.ExecuteAsync("alter table durable.instances rename to gone_for_a_moment");
        try
        {
            await Assert.ThrowsAsync<PostgresException>(() => HandleAsync(Message("b-70", Created, "atomic", 1, Order)));
            Assert.Equal(0, await host.ScalarAsync<long>(
                "select (select count(*) from control.tenants where code = 'atomic') + (select count(*) from control.billing_inbox where id = 'b-70')"));
        }
        finally
        {
            await host.ExecuteAsync("alter table durable.gone_for_a_moment rename to instances");
        }

        Assert.Equal(QueueOutcome.Complete, await HandleAsync(Message("b-70", Created, "atomic", 1, Order)));
    }

    internal static string Message(string id, string type, string tenant, long sequence, string data) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"billing": {"id": "{{{id}}}", "type": "{{{type}}}", "tenant": "{{{tenant}}}", "sequence": {{{sequence}}}, "occurredAt": "2026-03-01T09:30:00Z", "data": {{{data}}}}}""");

    private Task<QueueOutcome> HandleAsync(string body) => RunAsync(body);

    private async Task<QueueOutcome> RunAsync(string body)
    {
        await using var scope = host.Services.CreateAsyncScope();
        return await ActivatorUtilities.CreateInstance<BillingMessages>(scope.ServiceProvider).RunAsync(new QueueMessage("m", body, 1), default);
    }

    private async Task RoundAsync()
    {
        await using var scope = host.Services.CreateAsyncScope();
        await ActivatorUtilities.CreateInstance<BillingRetries>(scope.ServiceProvider).RunAsync(new TimerTick("billingRetries", DateTimeOffset.UtcNow), default);
    }

    private async Task FollowAsync() =>
        await ActivatorUtilities.CreateInstance<KeepSubscriptions>(host.Services).RunAsync(new TimerTick("keepSubscriptions", DateTimeOffset.UtcNow), default);

    private async Task<string> ParkedAsync(string body, string id)
    {
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(body));
        Assert.StartsWith("parked|", await RecordAsync(id), StringComparison.Ordinal);
        return await ReasonAsync(id);
    }

    // The broker is done with it, and the inbox says why it waits.
    private async Task<string> WaitsAsync(string body, string id)
    {
        Assert.Equal(QueueOutcome.Complete, await HandleAsync(body));
        Assert.StartsWith("waiting|", await RecordAsync(id), StringComparison.Ordinal);
        return await ReasonAsync(id);
    }

    private Task<string> ReasonAsync(string id) => host.ScalarAsync<string>($"select coalesce(reason, '') from control.billing_inbox where id = '{id}'");

    private async Task<string> DeadAsync(string body) => Assert.IsType<QueueOutcome.DeadLettered>(await HandleAsync(body)).Reason;

    private async Task<string> ActiveAsync(string code)
    {
        await HandleAsync(Message($"first-of-{code}", Created, code, 1, Order));
        var tenant = await host.ScalarAsync<long>($"select id from control.tenants where code = '{code}'");
        await host.Services.GetRequiredService<TenantLifecycle>().ActivateAsync(tenant, await JobOfAsync(code), default);
        return code;
    }

    private Task<string> JobOfAsync(string code) => host.ScalarAsync<string>($"select id from control.jobs where tenant_code = '{code}' order by created_at limit 1");

    private Task<string> StateAsync(string code) => host.ScalarAsync<string>($"select state from control.tenants where code = '{code}'");

    private Task<string> RecordAsync(string id, bool reasonLength = false) => host.ScalarAsync<string>(
        $"select concat(state, '|', {(reasonLength ? "case when length(reason) > 20 then 40 else 0 end" : "length(coalesce(reason, ''))")}, '|', job_id) from control.billing_inbox where id = '{id}'");
}
