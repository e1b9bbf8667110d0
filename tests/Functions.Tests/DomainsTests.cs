using System.Net;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The doors for customers' own host names.</summary>
public sealed class DomainsTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_domain_is_accepted_with_what_the_customer_has_to_do()
    {
        await ActiveTenantAsync("giver");

        using var answer = await AddAsync("giver", "Shop.Customer.example");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var body = await ApiHost.JsonAsync(answer);
        Assert.Equal($"/api/jobs/{body.GetProperty("job").GetString()}", answer.Headers.Location!.OriginalString);
        Assert.Equal("waiting_for_dns", body.GetProperty("state").GetString());
        var instructions = body.GetProperty("instructions");
        Assert.Equal("_bibind.shop.customer.example", instructions.GetProperty("proof").GetProperty("name").GetString());
        Assert.StartsWith("bibind-domain=", instructions.GetProperty("proof").GetProperty("value").GetString(), StringComparison.Ordinal);
        Assert.Equal("giver.example.test", instructions.GetProperty("alias").GetProperty("value").GetString());
        using var list = await host.GetAsync("/api/tenants/giver/domains");
        Assert.Equal("shop.customer.example", (await ApiHost.JsonAsync(list)).GetProperty("items")[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("b\u00fccher.example", "xn--bcher-kva.example")]
    [InlineData("localhost", "host name")]
    [InlineData("127.0.0.1", "host name")]
    [InlineData("shop.example.com.", "host name")]
    [InlineData("https://shop.example.com", "host name")]
    [InlineData("-shop.example.com", "host name")]
    [InlineData("*.example.com", "host name")]
    [InlineData("", "host name")]
    [InlineData("example.test", "platform's own domain")]
    [InlineData("other.example.test", "platform's own domain")]
    [InlineData("\u212Aelvin.example", "ASCII form")]
    [InlineData("xn--a.example", "IDNA 2008")]
    [InlineData("xn--99999999.example", "broken punycode")]
    [InlineData("ab--cd.example", "third and fourth")]
    [InlineData("co.uk", "public suffix")]
    [InlineData("github.io", "public suffix")]
    public async Task A_name_that_cannot_be_used_is_refused_with_what_would_be_right(string name, string words)
    {
        await ActiveTenantAsync("strict");
        var before = await host.CountRowsAsync();

        using var answer = await AddAsync("strict", name);

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), "name", words);
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task A_name_that_another_tenant_has_is_a_conflict_that_changes_nothing()
    {
        await ActiveTenantAsync("firstone");
        await ActiveTenantAsync("second");
        using var first = await AddAsync("firstone", "wanted.example");
        await host.ExecuteAsync("update control.domains set state = 'active', proved_at = now() where name = 'wanted.example'");
        var before = await host.CountRowsAsync();

        using var answer = await AddAsync("second", "wanted.example");

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "domain-taken"), "name", "belongs to another tenant");
        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Fact]
    public async Task Two_tenants_that_have_proved_nothing_wait_for_the_same_name()
    {
        await ActiveTenantAsync("racer1");
        await ActiveTenantAsync("racer2");

        var answers = await Task.WhenAll(AddAsync("racer1", "raced.example"), AddAsync("racer2", "raced.example"));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode));
        var proofs = await Task.WhenAll(answers.Select(async a => (await ApiHost.JsonAsync(a)).GetProperty("instructions").GetProperty("proof").GetProperty("value").GetString()));
        Assert.NotEqual(proofs[0], proofs[1]);
        foreach (var answer in answers)
        {
            answer.Dispose();
        }
    }

    [Fact]
    public async Task A_tenant_that_is_not_active_gets_no_domain()
    {
        await host.OrderTenantAsync("unready");

        using var answer = await AddAsync("unready", "early.example");

        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "tenant-state");
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await ActiveTenantAsync("empty");
        using var tenant = await AddAsync("nobody", "some.example");
        using var removal = await host.SendAsync(HttpMethod.Delete, "/api/tenants/empty/domains/none.example", ApiHost.ManagerToken);
        using var look = await host.SendAsync(HttpMethod.Post, "/api/tenants/empty/domains/none.example/validate", ApiHost.ManagerToken);

        await ProblemAssert.IsAsync(tenant, HttpStatusCode.NotFound, "not-found");
        await ProblemAssert.IsAsync(removal, HttpStatusCode.NotFound, "not-found");
        await ProblemAssert.IsAsync(look, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Validate_reaches_the_job_that_waits()
    {
        await ActiveTenantAsync("asker");
        using var added = await AddAsync("asker", "asked.example");
        var job = (await ApiHost.JsonAsync(added)).GetProperty("job").GetString();

        using var answer = await host.SendAsync(HttpMethod.Post, "/api/tenants/asker/domains/asked.example/validate", ApiHost.ManagerToken);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "succeeded");
    }

    [Fact]
    public async Task A_removal_makes_the_job_that_waits_give_way_and_is_not_begun_twice()
    {
        await ActiveTenantAsync("leaver");
        using var added = await AddAsync("leaver", "left.example");
        var job = (await ApiHost.JsonAsync(added)).GetProperty("job").GetString();

        using var removal = await host.SendAsync(HttpMethod.Delete, "/api/tenants/leaver/domains/left.example", ApiHost.ManagerToken);
        using var again = await host.SendAsync(HttpMethod.Delete, "/api/tenants/leaver/domains/left.example", ApiHost.ManagerToken);

        Assert.Equal(HttpStatusCode.Accepted, removal.StatusCode);
        Assert.Equal("removing", (await ApiHost.JsonAsync(removal)).GetProperty("state").GetString());
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "job-running");
        await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "succeeded");
    }

    private Task<HttpResponseMessage> AddAsync(string code, string name) =>
        host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/domains", ApiHost.ManagerToken, $$"""{"name": "{{name}}"}""");

    private async Task ActiveTenantAsync(string code)
    {
        if (await host.ScalarAsync<long>($"select count(*) from control.tenants where code = '{code}'") == 0)
        {
            await host.OrderTenantAsync(code);
            await host.ExecuteAsync($"update control.tenants set state = 'active' where code = '{code}'");
        }
    }
}
