using System.Globalization;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Subscriptions;

/// <summary>What tests of subscriptions do with a host: hand it messages, let its timers tick and its tenants' jobs run.</summary>
internal sealed class SubscriptionWorld(ApiHost host)
{
    public const string Order = """{"offer": "odoo-shared", "name": "Acme Ltd", "plan": "starter"}""";

    public NpgsqlDataSource Database => host.Services.GetRequiredService<NpgsqlDataSource>();

    /// <summary>The outcome at the broker.</summary>
    public async Task<QueueOutcome> SayAsync(string tenant, long number, string type, string data = "{}", DateTimeOffset? at = null)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"billing": {"id": "{{{IdOf(tenant, number)}}}", "type": "{{{type}}}", "tenant": "{{{tenant}}}", "sequence": {{{number}}}, "occurredAt": "{{{at ?? DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}}", "data": {{{data}}}}}""");
        return await ActivatorUtilities.CreateInstance<BillingMessages>(host.Services).RunAsync(new QueueMessage("m", body, 1), TestContext.Current.CancellationToken);
    }

    public static string IdOf(string tenant, long number) => string.Create(CultureInfo.InvariantCulture, $"{tenant}-{number}");

    /// <summary>A tenant that billing ordered with number 1, serving.</summary>
    public async Task<string> ActiveAsync(string tenant)
    {
        Assert.Equal(QueueOutcome.Complete, await SayAsync(tenant, 1, BillingTypes.Created, Order));
        await ActivateAsync(tenant);
        return tenant;
    }

    public async Task ActivateAsync(string tenant)
    {
        var id = await host.ScalarAsync<long>($"select id from control.tenants where code = '{tenant}' order by id desc limit 1");
        var job = await host.ScalarAsync<string>($"select id from control.jobs where tenant_id = {id} and kind = 'provision'");
        await host.Services.GetRequiredService<TenantLifecycle>().ActivateAsync(id, job, TestContext.Current.CancellationToken);
    }

    /// <summary>Every look that was put off is due, then both timers tick.</summary>
    public async Task TickAsync()
    {
        await host.ExecuteAsync("update control.subscriptions set follow_at = now() where follow_at is not null");
        await ActivatorUtilities.CreateInstance<BillingRetries>(host.Services).RunAsync(new TimerTick("billingRetries", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
        await ActivatorUtilities.CreateInstance<KeepSubscriptions>(host.Services).RunAsync(new TimerTick("keepSubscriptions", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
    }

    /// <summary>Jobs run and timers tick until nobody has anything to do.</summary>
    public async Task SettleAsync()
    {
        for (var round = 0; round < 10; round++)
        {
            await RecordedOrders.RunJobsAsync(Database);
            await TickAsync();
            if (await host.ScalarAsync<long>("select count(*) from control.subscriptions where follow_at is not null") == 0)
            {
                return;
            }
        }
    }

    public Task<string> OrdersAsync(string tenant) => RecordedOrders.OpenAsync(Database, tenant);

    /// <summary>State of the subscription and of its tenant, and whether the tenant is still to follow.</summary>
    public Task<string> StateAsync(string tenant) => host.ScalarAsync<string>(
        $"""
        select concat_ws(' ', s.state, s.suspension, t.state, case when s.follow_at is not null then 'pending' end)
        from control.subscriptions s join control.tenants t on t.id = s.tenant_id where s.tenant = '{tenant}' order by s.id desc limit 1
        """);

    /// <summary>State and cause of a message.</summary>
    public Task<string> MessageAsync(string tenant, long number) =>
        host.ScalarAsync<string>($"select concat_ws(' ', state, cause) from control.billing_inbox where id = '{IdOf(tenant, number)}'");

    public Task<string> ReasonAsync(string tenant, long number) =>
        host.ScalarAsync<string>($"select coalesce(reason, '') from control.billing_inbox where id = '{IdOf(tenant, number)}'");
}
