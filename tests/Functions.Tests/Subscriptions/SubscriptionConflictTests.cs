using Bibind.Functions.Ordering;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Subscriptions;

/// <summary>What meets what: each line of the table of conflicts in docs/subscriptions.md, and what messages do to the tenant.</summary>
public sealed class SubscriptionConflictTests(PostgresServer postgres) : IAsyncLifetime
{
    private readonly RecordedOrders _orders = new();
    private ApiHost _host = null!;
    private SubscriptionWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _host = new ApiHost(postgres) { Configure = services => services.AddSingleton<ISubscriptionOrdering>(_orders) };
        await _host.InitializeAsync();
        _world = new SubscriptionWorld(_host);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_payment_that_fails_suspends_after_grace_and_one_that_succeeds_resumes()
    {
        await _world.ActiveAsync("payer");
        await _world.SayAsync("payer", 2, BillingTypes.PaymentFailed, """{"reason": "card expired", "attempt": 3}""");
        Assert.Equal("past_due active", await _world.StateAsync("payer"));
        Assert.Contains("Ignored: attempt.", await _world.ReasonAsync("payer", 2), StringComparison.Ordinal);

        await _host.ExecuteAsync("update control.subscriptions set grace_until = now() - interval '1 second' where tenant = 'payer'");
        await _world.TickAsync();
        Assert.Equal("suspended payment active pending", await _world.StateAsync("payer"));
        Assert.Equal("suspend payment", await _world.OrdersAsync("payer"));
        await _world.SettleAsync();
        Assert.Equal("suspended payment suspended", await _world.StateAsync("payer"));

        await _world.SayAsync("payer", 3, BillingTypes.Paid, """{"invoice": "F-2"}""");
        Assert.Equal("resume", await _world.OrdersAsync("payer"));
        await _world.SettleAsync();
        Assert.Equal("active active", await _world.StateAsync("payer"));
        Assert.Equal("opened|payment.failed|grace-ended|invoice.paid", await ChangesAsync("payer"));
        Assert.Equal("timer", await _host.ScalarAsync<string>("select cause from control.subscription_changes where event = 'grace-ended'"));
    }

    [Fact]
    public async Task Cancelled_while_a_job_runs_ends_at_once_and_the_tenant_goes_when_the_job_has_ended()
    {
        await _world.ActiveAsync("leaver");
        await _host.ExecuteAsync(
            """
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, created_at)
            select 'upgrade-leaver', 'upgrade', id, code, code, 'test', now() from control.tenants where code = 'leaver'
            """);
        Assert.Equal(QueueOutcome.Complete, await _world.SayAsync("leaver", 2, BillingTypes.Cancelled, """{"finalBackup": false}"""));
        Assert.Equal("cancelled active pending", await _world.StateAsync("leaver"));
        Assert.Equal("done", await _world.MessageAsync("leaver", 2));
        Assert.Contains("The tenant follows later", await _world.ReasonAsync("leaver", 2), StringComparison.Ordinal);
        await _world.TickAsync();
        Assert.Equal("cancelled active pending", await _world.StateAsync("leaver"));

        await _host.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where id = 'upgrade-leaver'");
        await _world.TickAsync();
        await _world.TickAsync();
        Assert.Equal("cancelled terminating", await _world.StateAsync("leaver"));
    }

    [Theory]
    [InlineData("subscription.suspended", "suspended payment provisioning pending", "suspended payment suspended")]
    [InlineData("subscription.cancelled", "cancelled provisioning pending", "cancelled terminating")]
    public async Task What_comes_while_provisioning_takes_effect_at_once_and_the_tenant_follows(string type, string first, string then)
    {
        var tenant = $"early-{type.Length}";
        await _world.SayAsync(tenant, 1, BillingTypes.Created, SubscriptionWorld.Order);
        await _world.SayAsync(tenant, 2, type);
        Assert.Equal(first, await _world.StateAsync(tenant));
        await _world.ActivateAsync(tenant);
        await _world.SettleAsync();
        Assert.Equal(then, await _world.StateAsync(tenant));
    }

    [Fact]
    public async Task Suspended_and_resumed_before_the_tenant_followed_orders_nothing()
    {
        await _world.SayAsync("nervous", 1, BillingTypes.Created, SubscriptionWorld.Order);
        await _world.SayAsync("nervous", 2, BillingTypes.Suspended, """{"cause": "operator"}""");
        await _world.SayAsync("nervous", 3, BillingTypes.Resumed);
        await _world.ActivateAsync("nervous");
        await _world.TickAsync();
        Assert.Equal("active active", await _world.StateAsync("nervous"));
        Assert.Equal(string.Empty, await _world.OrdersAsync("nervous"));
    }

    [Fact]
    public async Task A_plan_changes_while_suspended_and_a_job_that_failed_is_ordered_again()
    {
        await _world.ActiveAsync("changer");
        await _world.SayAsync("changer", 2, BillingTypes.Suspended, """{"cause": "operator"}""");
        Assert.Equal("suspend operator", await _world.OrdersAsync("changer"));
        await _world.SayAsync("changer", 3, BillingTypes.PlanChanged, """{"plan": "pro", "period": "yearly"}""");
        await RecordedOrders.RunJobsAsync(_world.Database, fail: true);
        await _world.TickAsync();
        Assert.Equal("suspend operator", await _world.OrdersAsync("changer"));
        await _world.SettleAsync();
        Assert.Equal("suspended operator suspended", await _world.StateAsync("changer"));
        Assert.Equal("pro pro yearly", await _host.ScalarAsync<string>(
            "select concat_ws(' ', s.plan, t.plan, s.period) from control.subscriptions s join control.tenants t on t.id = s.tenant_id where s.tenant = 'changer'"));

        await _world.SayAsync("changer", 4, BillingTypes.Paid);
        await _world.SettleAsync();
        Assert.Equal("suspended operator suspended", await _world.StateAsync("changer"));
        await _world.SayAsync("changer", 5, BillingTypes.Resumed);
        await _world.SettleAsync();
        Assert.Equal("active active", await _world.StateAsync("changer"));
    }

    [Fact]
    public async Task An_operators_own_suspension_outlives_payments_and_ends_with_resumed()
    {
        await _world.ActiveAsync("held");
        await _host.ExecuteAsync("update control.tenants set state = 'suspended' where code = 'held'");
        await _world.SayAsync("held", 2, BillingTypes.PaymentFailed);
        await _world.SayAsync("held", 3, BillingTypes.Paid);
        await _world.SettleAsync();
        Assert.Equal("active suspended", await _world.StateAsync("held"));
        await _world.SayAsync("held", 4, BillingTypes.Resumed);
        await _world.SettleAsync();
        Assert.Equal("active active", await _world.StateAsync("held"));
    }

    [Fact]
    public async Task Resumed_withdraws_a_cancellation_at_the_periods_end_and_comes_too_late_after_it()
    {
        await _world.ActiveAsync("waverer");
        await _world.SayAsync("waverer", 2, BillingTypes.Paid);
        await _world.SayAsync("waverer", 3, BillingTypes.Cancelled, """{"when": "period-end"}""");
        Assert.True(await _host.ScalarAsync<bool>("select cancel_at = paid_until from control.subscriptions where tenant = 'waverer'"));
        await _world.SayAsync("waverer", 4, BillingTypes.Resumed);
        Assert.True(await _host.ScalarAsync<bool>("select cancel_at is null from control.subscriptions where tenant = 'waverer'"));

        await _world.SayAsync("waverer", 5, BillingTypes.Cancelled, """{"when": "period-end"}""");
        await _host.ExecuteAsync("update control.subscriptions set cancel_at = now() - interval '1 second' where tenant = 'waverer'");
        await _world.SettleAsync();
        Assert.Equal("cancelled terminating", await _world.StateAsync("waverer"));
        foreach (var (number, type, becomes) in new[]
        {
            (6, BillingTypes.Resumed, "parked conflict"), (7, BillingTypes.Paid, "parked conflict"), (8, BillingTypes.PaymentFailed, "passed"),
            (9, BillingTypes.Suspended, "passed"), (10, BillingTypes.Cancelled, "passed"),
        })
        {
            Assert.Equal(QueueOutcome.Complete, await _world.SayAsync("waverer", number, type));
            Assert.Equal(becomes, await _world.MessageAsync("waverer", number));
        }
    }

    [Fact]
    public async Task A_tenant_that_is_destroyed_by_an_operator_ends_its_subscription_and_a_new_one_has_its_own()
    {
        await _world.ActiveAsync("reborn");
        await _host.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now() where code = 'reborn'");
        await _world.TickAsync();
        Assert.Equal("cancelled terminated", await _world.StateAsync("reborn"));
        await _world.SayAsync("reborn", 2, BillingTypes.Paid);
        Assert.Equal("parked conflict", await _world.MessageAsync("reborn", 2));

        await _world.SayAsync("reborn", 4, BillingTypes.Created, SubscriptionWorld.Order);
        Assert.Equal("waiting gap", await _world.MessageAsync("reborn", 4));
        await _host.ExecuteAsync("update control.billing_inbox set received_at = received_at - interval '61 minutes' where id = 'reborn-4'");
        await _world.TickAsync();
        Assert.Equal("active provisioning", await _world.StateAsync("reborn"));
        Assert.StartsWith("Number 3 never came and was passed.", await _world.ReasonAsync("reborn", 4), StringComparison.Ordinal);

        // What was about the tenant before is not credited to the new one.
        await _world.SayAsync("reborn", 3, BillingTypes.Paid);
        Assert.Equal("passed", await _world.MessageAsync("reborn", 3));
    }

    [Fact]
    public async Task A_gap_waits_for_its_limit_is_passed_with_a_warning_and_what_comes_late_undoes_nothing()
    {
        await _world.ActiveAsync("gap");
        await _world.SayAsync("gap", 4, BillingTypes.Suspended);
        await _world.TickAsync();
        Assert.Equal("waiting gap", await _world.MessageAsync("gap", 4));
        Assert.Equal("active active", await _world.StateAsync("gap"));

        await _host.ExecuteAsync("update control.billing_inbox set received_at = received_at - interval '61 minutes' where id = 'gap-4'");
        await _world.SettleAsync();
        Assert.Equal("suspended payment suspended", await _world.StateAsync("gap"));
        Assert.Contains("Numbers 2 to 3 never came and were passed.", await _world.ReasonAsync("gap", 4), StringComparison.Ordinal);
        Assert.Contains("numbers 2 to 3 about gap never came", _host.Logs.Text, StringComparison.Ordinal);

        await _world.SayAsync("gap", 2, BillingTypes.Resumed);
        await _world.SayAsync("gap", 3, BillingTypes.Paid);
        Assert.Equal("suspended payment suspended", await _world.StateAsync("gap"));
        Assert.Equal("done", await _world.MessageAsync("gap", 3));
        Assert.True(await _host.ScalarAsync<bool>("select paid_until > now() + interval '27 days' from control.subscriptions where tenant = 'gap'"));
    }

    [Fact]
    public async Task A_message_about_nobody_waits_is_parked_and_comes_back_with_its_tenant()
    {
        await _world.SayAsync("nobody", 2, BillingTypes.Paid);
        Assert.Equal("waiting no-subscription", await _world.MessageAsync("nobody", 2));
        await _host.ExecuteAsync("update control.billing_inbox set received_at = received_at - interval '61 minutes' where id = 'nobody-2'");
        await _world.TickAsync();
        Assert.Equal("parked no-subscription", await _world.MessageAsync("nobody", 2));
        await _world.ActiveAsync("nobody");
        Assert.Equal("done", await _world.MessageAsync("nobody", 2));
    }

    [Fact]
    public async Task A_process_that_is_killed_over_an_order_leaves_nothing_and_a_repetition_does_it()
    {
        await _world.ActiveAsync("killed");
        _orders.BreaksOff = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.SayAsync("killed", 2, BillingTypes.Suspended));
        Assert.Equal("active active", await _world.StateAsync("killed"));
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.billing_inbox where id = 'killed-2'"));
        await _world.SayAsync("killed", 2, BillingTypes.Suspended);
        _orders.BreaksOff = true;
        await RecordedOrders.RunJobsAsync(_world.Database, fail: true);
        await _world.TickAsync();
        Assert.Equal("suspended payment active pending", await _world.StateAsync("killed"));
        await _world.SettleAsync();
        Assert.Equal("suspended payment suspended", await _world.StateAsync("killed"));
    }

    [Fact]
    public async Task A_trial_is_the_plans_and_expires()
    {
        await _host.ExecuteAsync("update control.plans set trial_days = 14 where code = 'enterprise'");
        await _world.SayAsync("trier", 1, BillingTypes.Created, """{"offer": "odoo-shared", "name": "Acme", "plan": "enterprise"}""");
        await _world.ActivateAsync("trier");
        Assert.Equal("trial active", await _world.StateAsync("trier"));
        await _host.ExecuteAsync("update control.subscriptions set trial_until = now() - interval '1 second' where tenant = 'trier'");
        await _world.SettleAsync();
        Assert.Equal("expired suspended", await _world.StateAsync("trier"));
    }

    private Task<string> ChangesAsync(string tenant) => _host.ScalarAsync<string>(
        $"select string_agg(event, '|' order by c.id) from control.subscription_changes c join control.subscriptions s on s.id = c.subscription_id where s.tenant = '{tenant}'");
}
