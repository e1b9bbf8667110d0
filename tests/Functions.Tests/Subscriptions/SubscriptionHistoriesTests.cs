using System.Globalization;
using Bibind.Functions.Ordering;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Subscriptions;

/// <summary>
/// Random histories through inbox, database and timers: messages doubled and shuffled, processes killed over orders, jobs that fail, calls of
/// the API. Each tenant's twin gets the same messages once each and in their order; in the end the two are equal, and each tenant is as its subscription
/// wants it. <c>BILLING_DATABASE_HISTORIES</c> plays more; the pure ones are in <c>SubscriptionHistoryProperties</c>.
/// </summary>
public sealed class SubscriptionHistoriesTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly int Histories =
        int.TryParse(Environment.GetEnvironmentVariable("BILLING_DATABASE_HISTORIES"), CultureInfo.InvariantCulture, out var more) ? more : 60;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("BILLING_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();

    private static readonly (string Type, string Data)[] Words =
    [
        (BillingTypes.Paid, "{}"), (BillingTypes.Paid, """{"invoice": "F-1", "amount": 12.5}"""), (BillingTypes.PaymentFailed, "{}"), (BillingTypes.PaymentFailed, "{}"),
        (BillingTypes.PlanChanged, """{"plan": "pro"}"""), (BillingTypes.PlanChanged, """{"plan": "starter", "period": "yearly"}"""), (BillingTypes.PlanChanged, """{"plan": "nonesuch"}"""),
        (BillingTypes.Suspended, "{}"), (BillingTypes.Suspended, """{"cause": "operator"}"""), (BillingTypes.Resumed, "{}"), (BillingTypes.Cancelled, """{"when": "period-end"}"""),
        (BillingTypes.Cancelled, "{}"),
    ];

    private readonly RecordedOrders _orders = new();
    private readonly Random _random = new(Seed);
    private ApiHost _host = null!;
    private SubscriptionWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _host = new ApiHost(postgres) { Configure = services => services.AddSingleton<ISubscriptionOrdering>(_orders) };
        await _host.InitializeAsync();
        _world = new SubscriptionWorld(_host);
        await _host.ExecuteAsync("update control.servers set max_tenants = 1000000");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Whatever_happens_on_the_way_each_tenant_ends_as_in_the_ordered_history()
    {
        for (var history = 0; history < Histories; history++)
        {
            await PlayAsync($"wild-{history}", $"tame-{history}");
        }

        await _world.SettleAsync();
        var open = await _host.ScalarAsync<long>("select count(*) from control.billing_inbox where state = 'waiting'");
        Assert.True(open == 0, $"Seed {Seed}: {open} messages wait.");
        await NoneAsync(
            "differ from their twins",
            """
            select w.tenant from control.subscriptions w join control.subscriptions t on t.tenant = replace(w.tenant, 'wild', 'tame')
            where w.tenant like 'wild%' and (w.state, w.plan, w.period, w.suspension, w.paid_until, w.cancel_at, w.past_due_since)
              is distinct from (t.state, t.plan, t.period, t.suspension, t.paid_until, t.cancel_at, t.past_due_since)
            """);
        await NoneAsync(
            "do not agree with their subscription",
            """
            select s.tenant from control.subscriptions s join control.tenants t on t.id = s.tenant_id
            where s.follow_at is not null or t.state <> case when s.state = 'cancelled' then 'terminating' when s.state in ('suspended', 'expired') then 'suspended' else 'active' end
              or (s.state <> 'cancelled' and t.plan <> s.plan)
            """);
        await NoneAsync(
            "were applied twice",
            "select cause_id from control.subscription_changes where cause = 'message' group by cause_id having count(*) filter (where event like '%.%') > 1");
        await NoneAsync(
            "became something else than their twins",
            """
            select w.id from control.billing_inbox w left join control.billing_inbox t on t.id = replace(w.id, 'wild', 'tame') and (t.state, t.cause) is not distinct from (w.state, w.cause)
            where w.id like 'wild%' and t.id is null
            """);
    }

    private async Task PlayAsync(string wild, string tame)
    {
        var start = DateTimeOffset.UtcNow.AddDays(-3);
        var messages = Enumerable.Range(0, _random.Next(1, 8)).Select(i => (Number: i + 2L, Word: Words[_random.Next(Words.Length)], At: start.AddHours(i)))
            .Prepend((Number: 1L, Word: (BillingTypes.Created, SubscriptionWorld.Order), At: start)).ToList();
        _orders.BreaksOff = false;
        foreach (var message in messages)
        {
            await SayAsync(tame, message);
            if (message.Number == 1)
            {
                await _world.ActivateAsync(tame);
            }
        }

        var deliveries = messages.Concat(messages.Where(_ => _random.Next(3) == 0)).ToArray();
        _random.Shuffle(deliveries);
        foreach (var delivery in deliveries)
        {
            await DisturbAsync(wild);
            await SayAsync(wild, delivery);
        }

        _orders.BreaksOff = false;
        await ActivateAsync(wild);
        await _world.SettleAsync();
        await CallAsync(wild, tame);
        await _world.SettleAsync();
    }

    private async Task SayAsync(string tenant, (long Number, (string Type, string Data) Word, DateTimeOffset At) message)
    {
        try
        {
            await _world.SayAsync(tenant, message.Number, message.Word.Type, message.Word.Data, message.At);
        }
        catch (InvalidOperationException)
        {
            // The process was killed before its transaction ended: the broker delivers again.
            await _world.SayAsync(tenant, message.Number, message.Word.Type, message.Word.Data, message.At);
        }
    }

    private async Task DisturbAsync(string tenant)
    {
        switch (_random.Next(8))
        {
            case 0:
                _orders.BreaksOff = true;
                break;
            case 1:
                await RecordedOrders.RunJobsAsync(_world.Database, fail: true);
                break;
            case 2:
                await RecordedOrders.RunJobsAsync(_world.Database);
                break;
            case 3:
                await ActivateAsync(tenant);
                break;
            case 4:
                await _world.TickAsync();
                break;
        }
    }

    private async Task ActivateAsync(string tenant)
    {
        if (await _host.ScalarAsync<long>($"select count(*) from control.tenants where code = '{tenant}' and state = 'provisioning'") > 0)
        {
            await _world.ActivateAsync(tenant);
        }
    }

    // Once all messages are in, the same call for both.
    private async Task CallAsync(string wild, string tame)
    {
        var json = _random.Next(4) switch
        {
            0 => """{"plan": "enterprise", "reason": "by hand"}""",
            1 => """{"paidUntil": "2031-01-31T00:00:00Z", "reason": "by hand"}""",
            2 => """{"cancelAt": null, "reason": "by hand"}""",
            _ => null,
        };
        if (json is not null)
        {
            foreach (var tenant in new[] { wild, tame })
            {
                using var answer = await _host.SendAsync(HttpMethod.Patch, $"/api/tenants/{tenant}/subscription", ApiHost.AdminToken, json, ifMatch: "*");
            }
        }
    }

    private async Task NoneAsync(string words, string sql)
    {
        var found = await _host.ScalarAsync<string>($"select coalesce(string_agg(x::text, ', '), '') from ({sql}) as q(x)");
        Assert.True(found.Length == 0, $"Seed {Seed}: these {words}: {found}");
    }
}
