using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Ordering;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Subscriptions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Webhooks;

/// <summary>A host whose consoles have mappings and customers of their own; its tenants' jobs run when a test says so.</summary>
public sealed class OdooEventsHost(PostgresServer postgres) : IAsyncLifetime
{
    public const string BoundToken = "bound-webhook-token-0123456789abcdef";
    public const string MappedToken = "mapped-webhook-token-0123456789abcdef";
    public const string NarrowToken = "narrow-webhook-token-0123456789abcdef";
    private long _record = 1000;

    internal ApiHost Api { get; } = new(postgres)
    {
        Configure = services => services.AddSingleton<ISubscriptionOrdering, RecordedOrders>(),
        More =
        [
            "--OdooWebhooks:2:Name=reseller", $"--OdooWebhooks:2:Token={BoundToken}", "--OdooWebhooks:2:Customer=c-reseller",
            "--OdooWebhooks:4:Name=narrow", $"--OdooWebhooks:4:Token={NarrowToken}", "--OdooWebhooks:4:Allowed=create, back_up",
            "--OdooWebhooks:3:Name=studio", $"--OdooWebhooks:3:Token={MappedToken}", "--OdooWebhooks:3:Fields:event=_action, x_studio_wish", "--OdooWebhooks:3:Fields:code=x_studio_instance",
            "--OdooWebhooks:3:Fields:plan=x_studio_formula, x_plan_code", "--OdooWebhooks:3:Fields:customer=x_customer", "--OdooWebhooks:3:Events:suspend=Put on hold, paused",
        ],
    };

    internal SubscriptionWorld World { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Api.InitializeAsync();
        World = new SubscriptionWorld(Api);
    }

    public ValueTask DisposeAsync() => Api.DisposeAsync();

    /// <summary>A tenant that serves.</summary>
    internal async Task<string> ActiveAsync(string code, string? customer = null)
    {
        await Api.OrderTenantAsync(code);
        await World.ActivateAsync(code);
        if (customer is not null)
        {
            await Api.ExecuteAsync($"update control.tenants set customer = '{customer}' where code = '{code}'");
        }

        return code;
    }

    internal long NextRecord() => Interlocked.Increment(ref _record);

    internal Task<HttpResponseMessage> PostAsync(string json, string token = ApiHost.WebhookToken) =>
        Api.Client.PostAsync($"/webhooks/odoo/{token}", new StringContent(json, Encoding.UTF8, "application/json"));

    internal Task<HttpResponseMessage> SayAsync(long record, string code, string asked, string more = "", string token = ApiHost.WebhookToken) =>
        PostAsync(Record(record, code, asked, more), token);

    internal static string Record(long record, string code, string asked, string more = "") => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"_action": "Push(#3)", "_id": {{record}}, "_model": "saas.instance", "id": {{record}}, "x_code": "{{code}}", "x_event": "{{asked}}"{{more}}}""");

    internal async Task<JsonElement> TakenAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            return await ApiHost.JsonAsync(answer);
        }
    }

    internal async Task<List<JsonElement>> DeliveriesAsync(string query)
    {
        using var answer = await Api.GetAsync($"/api/webhooks/deliveries?{query}", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }
}
