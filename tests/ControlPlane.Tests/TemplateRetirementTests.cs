using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>How versions are taken out of use, and what becomes of their names and numbers.</summary>
public sealed class TemplateRetirementTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_retired_version_is_dropped_only_when_nobody_clones_from_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var cloning = await plane.MustReserveAsync("cloning");
        await plane.BuiltAsync();
        await plane.PromotedAsync(2);
        await plane.BuiltAsync();
        await plane.PromotedAsync(3);
        Assert.Equal([(3, "current"), (2, "previous"), (1, "retired")], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State)));
        var retirements = plane.Get<TemplateRetirements>();
        Assert.Empty(await retirements.FindUnusedAsync(10, CancellationToken.None));
        Assert.Null(await plane.BeginDropAsync(1));

        await plane.Lifecycle.ActivateAsync(cloning.TenantId, cloning.JobId, CancellationToken.None);

        Assert.Equal(1, Assert.Single(await retirements.FindUnusedAsync(10, CancellationToken.None)).Number);
        var order = (await plane.BeginDropAsync(1))!;
        Assert.Equal((1, "template_blank"), (order.Number, order.Database));
        Assert.Null(await plane.BeginDropAsync(1));
        Assert.Empty(await retirements.FindUnusedAsync(10, CancellationToken.None));
        await retirements.EndDropAsync(new RetirementEnd(order, new Inventory()), CancellationToken.None);
        Assert.NotNull((await plane.VersionsAsync()).Items[2].DroppedAt);
        Assert.Empty(await retirements.FindUnusedAsync(10, CancellationToken.None));
    }

    [Fact]
    public async Task The_current_version_is_not_retired_and_the_one_on_trial_neither()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.BuiltAsync();
        await plane.BeginPromotionAsync(2);

        Assert.IsType<TemplateVersionResult.Refused>(await plane.RetireAsync(1));
        Assert.IsType<TemplateVersionResult.Refused>(await plane.RetireAsync(2));
        Assert.Equal(TemplateVersionRefusal.NotFound, Assert.IsType<TemplateVersionResult.Refused>(await plane.RetireAsync(9)).Kind);
    }

    [Fact]
    public async Task A_tenant_and_another_version_keep_their_database_names()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync("acme");
        await plane.BuiltAsync(database: "golden");

        Assert.Equal(TemplateVersionRefusal.DatabaseTaken, Assert.IsType<TemplateVersionResult.Refused>(await plane.BeginBuildAsync("acme")).Kind);
        Assert.Equal(TemplateVersionRefusal.DatabaseTaken, Assert.IsType<TemplateVersionResult.Refused>(await plane.BeginBuildAsync("golden")).Kind);
        var taken = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order("golden")));
        Assert.Equal(ReservationRefusalKind.DatabaseTaken, taken.Kind);
    }

    [Fact]
    public async Task A_template_that_is_not_ready_has_no_next_version()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);

        Assert.Equal(TemplateVersionRefusal.TemplateNotReady, Assert.IsType<TemplateVersionResult.Refused>(await plane.BeginBuildAsync()).Kind);
    }

    [Fact]
    public async Task A_build_that_failed_keeps_its_row_and_the_next_has_another_number()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var begun = Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginBuildAsync());
        var failure = new VersionFailure(begun.Version.ToOrder(begun.JobId, "odoo-bin"), "The program was not found.", new Inventory());

        await plane.Get<TemplateVersionStore>().MarkFailedAsync(failure, CancellationToken.None);
        await plane.Get<TemplateVersionStore>().MarkFailedAsync(failure, CancellationToken.None);

        Assert.Equal(3, await plane.BuiltAsync());
        Assert.Equal(["candidate", "failed", "current"], (await plane.VersionsAsync()).Items.Select(v => v.State));
    }

    [Fact]
    public async Task A_template_that_failed_and_is_attached_with_another_database_has_a_version_more()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var order = new NewTemplate { Code = "blank", Server = "odoo-1", RequestedBy = "test" };
        await plane.Templates.AttachAsync(order, new FoundTemplate("hash-1", 1, null, "files are missing"), CancellationToken.None);

        await plane.Templates.AttachAsync(order with { Database = "golden" }, "hash-9", 1, CancellationToken.None);

        Assert.Equal(
            [(2, "current", "golden"), (1, "retired", "template_blank")], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State, v.Database)));
        Assert.Empty(await plane.Get<TemplateRetirements>().FindUnusedAsync(10, CancellationToken.None));
        Assert.Equal("golden", (await plane.MustReserveAsync()).Place.TemplateDatabase);
    }

    [Fact]
    public async Task A_failed_version_whose_name_another_has_is_left_alone()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var begun = Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginBuildAsync("golden"));
        await plane.Get<TemplateVersionStore>().MarkFailedAsync(
            new VersionFailure(begun.Version.ToOrder(begun.JobId, "odoo-bin"), "x", new Inventory()), CancellationToken.None);
        await plane.BuiltAsync(database: "golden");

        var refused = Assert.IsType<TemplateVersionResult.Refused>(await plane.RetireAsync(2));

        Assert.Contains("version 3 has its database name now", refused.Message, StringComparison.Ordinal);
    }
}
