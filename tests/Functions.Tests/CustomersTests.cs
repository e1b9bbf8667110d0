using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Who pays: described by operators, named by tenants.</summary>
public sealed class CustomersTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_customer_that_a_tenant_names_is_listed_described_and_found_again()
    {
        using var ordered = await host.OrderAsync(ApiHost.Order("acme", more: """, "customer": "C-1042" """));
        Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
        using var seen = await host.GetAsync("/api/customers/C-1042");
        Assert.Equal(JsonValueKind.Null, (await ApiHost.JsonAsync(seen)).GetProperty("name").ValueKind);

        using var changed = await host.SendAsync(
            HttpMethod.Patch, "/api/customers/C-1042", ApiHost.ManagerToken, """{"name": "Acme Ltd", "email": "pay@acme.example", "language": "fr"}""", ifMatch: seen.Headers.ETag!.ToString());
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        using var stale = await host.SendAsync(HttpMethod.Patch, "/api/customers/C-1042", ApiHost.ManagerToken, """{"name": "Other"}""", ifMatch: seen.Headers.ETag!.ToString());
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var emptied = await host.SendAsync(HttpMethod.Patch, "/api/customers/C-1042", ApiHost.ManagerToken, """{"language": null}""", ifMatch: "*");
        var customer = await ApiHost.JsonAsync(emptied);
        Assert.Equal(("Acme Ltd", "pay@acme.example", 1), (customer.GetProperty("name").GetString(), customer.GetProperty("email").GetString(), customer.GetProperty("tenants").GetInt32()));
        Assert.Equal(JsonValueKind.Null, customer.GetProperty("language").ValueKind);

        using var listed = await host.GetAsync("/api/customers?search=PAY@");
        Assert.Equal(1, (await ApiHost.JsonAsync(listed)).GetProperty("total").GetInt32());
        using var tenants = await host.GetAsync("/api/customers/C-1042/tenants?state=provisioning");
        Assert.Equal("acme", Assert.Single((await ApiHost.JsonAsync(tenants)).GetProperty("items").EnumerateArray()).GetProperty("code").GetString());
        using var subscriptions = await host.GetAsync("/api/customers/C-1042/subscriptions?state=active");
        Assert.Equal("acme", Assert.Single((await ApiHost.JsonAsync(subscriptions)).GetProperty("items").EnumerateArray()).GetProperty("tenant").GetString());
        using var suspended = await host.GetAsync("/api/customers/C-1042/subscriptions?state=suspended");
        Assert.Equal(0, (await ApiHost.JsonAsync(suspended)).GetProperty("total").GetInt32());
        using var wrong = await host.GetAsync("/api/customers/C-1042/subscriptions?state=provisioning");
        await ProblemAssert.IsAsync(wrong, HttpStatusCode.BadRequest, "bad-query");
    }

    [Theory]
    [InlineData("/api/customers/nobody")]
    [InlineData("/api/customers/nobody/tenants")]
    [InlineData("/api/customers/nobody/subscriptions")]
    [InlineData("/api/customers/no%20body")]
    public async Task One_that_nobody_names_is_not_there(string path)
    {
        using var answer = await host.GetAsync(path);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
    }
}
