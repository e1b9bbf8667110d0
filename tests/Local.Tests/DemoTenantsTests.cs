using System.Net;
using Bibind.Local.Demo;
using Xunit;

namespace Bibind.Local.Tests;

/// <summary>Which tenant <c>./run</c> shows, and which it orders.</summary>
public sealed class DemoTenantsTests
{
    private const string Three = """
        {"items": [{"code": "demo-10", "state": "failed"}, {"code": "demo-2", "state": "active"}, {"code": "demo-9", "state": "active"}, {"code": "acme", "state": "active"},
                   {"code": "demo-x", "state": "active"}], "total": 5}
        """;

    [Fact]
    public async Task A_second_run_shows_the_newest_tenant_that_works_and_orders_none()
    {
        var found = await FindAsync(Three);

        Assert.Equal("demo-9", found.Working);
        Assert.Equal(11, found.NextNumber);
    }

    [Theory]
    [InlineData("""{"items": [], "total": 0}""", 1)]
    [InlineData("""{"items": [{"code": "demo-1", "state": "failed"}, {"code": "demo-2", "state": "terminated"}], "total": 2}""", 3)]
    public async Task Where_none_works_the_next_one_is_ordered(string tenants, int number)
    {
        var found = await FindAsync(tenants);

        Assert.Null(found.Working);
        Assert.Equal(number, found.NextNumber);
    }

    private static async Task<DemoTenants> FindAsync(string tenants)
    {
        using var stub = new JobsStub(HttpStatusCode.OK, tenants);
        using var client = new ControlPlaneClient(stub.Address, "token");
        return await client.FindDemosAsync(TestContext.Current.CancellationToken);
    }
}
