using System.Net;
using Bibind.Activities.Routing;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Functions.Reconciliation;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Reconciliation;

/// <summary>What the API lists and orders, within limits.</summary>
public sealed class ReconciliationApiTests(PostgresServer postgres, LimitedReconciliationHost fixture) : ReconciliationWorld(postgres, fixture.Inner), IClassFixture<LimitedReconciliationHost>
{
    [Fact]
    public async Task An_order_has_one_tenant_or_all_of_them_looked_at_now()
    {
        await AddAsync("hurried");
        await AddAsync("patient");
        Outside.Routes[HostOf("hurried")] = RouteInfo.Foreign;

        using var one = await Host.SendAsync(HttpMethod.Post, "/api/reconciliation/run", ApiHost.ManagerToken, """{"tenant": "hurried"}""");
        Assert.Equal(HttpStatusCode.Accepted, one.StatusCode);
        Assert.Equal(1, (await ApiHost.JsonAsync(one)).GetProperty("tenants").GetInt32());
        var now = DateTimeOffset.UtcNow;
        await TimerAsync(now);
        Assert.Equal(1, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where looked_at is not null"));

        using var all = await Host.SendAsync(HttpMethod.Post, "/api/reconciliation/run", ApiHost.ManagerToken, "{}");
        Assert.Equal(1, (await ApiHost.JsonAsync(all)).GetProperty("tenants").GetInt32());
        await TimerAsync(now + TimeSpan.FromMinutes(1));
        Assert.Equal(2, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where looked_at is not null"));
        Assert.Equal("hurried:route-foreign", await OpenAsync());

        using var nobody = await Host.SendAsync(HttpMethod.Post, "/api/reconciliation/run", ApiHost.ManagerToken, """{"tenant": "nobody-there"}""");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
        using var wrong = await Host.SendAsync(HttpMethod.Post, "/api/reconciliation/run", ApiHost.ManagerToken, """{"tenant": "No Code"}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        using var kind = await Host.GetAsync("/api/reconciliation?kind=nothing&state=old&page=0");
        Assert.Equal(HttpStatusCode.BadRequest, kind.StatusCode);
    }

    [Fact]
    public async Task More_than_the_limit_of_an_hour_is_not_repaired_and_the_rest_waits()
    {
        for (var i = 0; i < 5; i++)
        {
            await AddAsync($"limited-{i}");
            Outside.Routes[HostOf($"limited-{i}")] = RouteInfo.Page;
        }

        await LookAsync();

        Assert.Equal(2, Outside.Routes.Values.Count(r => r == RouteInfo.Open));
        var waiting = await FindingsAsync();
        Assert.Equal(3, waiting.Count);
        Assert.All(waiting, f => Assert.Contains("limit of 2 repairs an hour", f.GetProperty("reason").GetString(), StringComparison.Ordinal));
        Assert.Equal(0, await NoticesAsync());
        await Host.ExecuteAsync("update control.reconciliation_repairs set began_at = began_at - interval '61 minutes'");
        await NextHourAsync();
        Assert.Equal(4, Outside.Routes.Values.Count(r => r == RouteInfo.Open));
    }

    [Fact]
    public async Task Findings_are_paged_filtered_and_counted()
    {
        for (var i = 0; i < 3; i++)
        {
            await AddAsync($"listed-{i}");
            Outside.Certificates.TryRemove(HostOf($"listed-{i}"), out _);
        }

        await LookAsync();

        using var page = await Host.GetAsync("/api/reconciliation?pageSize=2&page=2&state=open&kind=certificate-missing");
        var json = await ApiHost.JsonAsync(page);
        Assert.Equal((3, 1), (json.GetProperty("total").GetInt32(), json.GetProperty("items").GetArrayLength()));
        Assert.Equal("listed-1", Assert.Single(await FindingsAsync("tenant=listed-1")).GetProperty("tenant").GetString());
        Assert.Empty(await FindingsAsync("state=closed"));
        var views = Service<ReconciliationViews>();
        Assert.Equal(3, (await views.CountAsync(Token)).Single(c => c.Kind == FindingKinds.CertificateMissing).Open);
        Assert.Equal(FindingKinds.Names.Count, (await views.CountAsync(Token)).Count);
        Assert.Equal(new ReconciliationStanding(3, 0, 0), await views.StandAsync(Token));
        Assert.NotNull(Host.Services.GetRequiredService<ReconciliationMetrics>());
    }
}

/// <summary>A host that repairs two things an hour.</summary>
public sealed class LimitedReconciliationHost(PostgresServer postgres) : IAsyncLifetime
{
    public ReconciliationHost Inner { get; } = new(postgres, repairsPerHour: 2);

    public ValueTask InitializeAsync() => Inner.InitializeAsync();

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
