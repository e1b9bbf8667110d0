using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Plans;

namespace Bibind.ControlPlane.Tests;

public sealed class CatalogueTests(PostgresCluster cluster)
{
    [Fact]
    public async Task Three_plans_come_with_the_product()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var plans = await plane.Get<PlanStore>().ListAsync(CancellationToken.None);
        Assert.Equal(["starter", "pro", "enterprise"], plans.Select(p => p.Code));
        Assert.All(plans, p => Assert.True(p.RetentionDaily > 0 && p.GraceDays > 0));
        Assert.Null(plans[2].UserLimit);
    }

    [Fact]
    public async Task The_Odoo_offers_name_their_databases_by_subdomain_and_by_host()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var offers = await plane.Get<OfferStore>().ListAsync(CancellationToken.None);
        Assert.Equal([("odoo-host", "{host}"), ("odoo-shared", "{subdomain}")], offers.Select(o => (o.Code, o.DatabasePattern)));
        Assert.All(offers, o => Assert.Equal(("odoo", "starter", "blank"), (o.Application, o.DefaultPlan, o.DefaultTemplate)));
    }

    [Fact]
    public async Task Four_templates_come_with_the_product()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var catalogue = await plane.Templates.ListCatalogueAsync(CancellationToken.None);
        Assert.Equal(["blank", "ecommerce", "restaurant", "services"], catalogue.Select(t => t.Code));
        Assert.All(catalogue, t => Assert.Contains("base", t.Modules));
    }

    [Theory]
    [InlineData("{subdomain}", "acme")]
    [InlineData("{host}", "acme.example.com")]
    [InlineData("erp_{code}", "erp_acme")]
    public void A_pattern_names_the_database(string pattern, string expected)
    {
        Assert.True(DatabasePattern.TryApply(pattern, "acme", "acme.example.com", out var name, out _));
        Assert.Equal(expected, name);
    }

    [Theory]
    [InlineData("{host}", "63 bytes")]
    [InlineData("{nothing}", "may only hold")]
    [InlineData("Erp_{code}", "may only hold")]
    [InlineData("template0", "belongs to PostgreSQL")]
    public void A_name_that_PostgreSQL_would_not_keep_is_refused(string pattern, string problem)
    {
        Assert.False(DatabasePattern.TryApply(pattern, "acme", $"acme.{new string('x', 60)}.com", out _, out var said));
        Assert.Contains(problem, said, StringComparison.Ordinal);
    }
}
