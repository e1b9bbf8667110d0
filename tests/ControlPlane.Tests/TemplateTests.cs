using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;

namespace Bibind.ControlPlane.Tests;

public sealed class TemplateTests(PostgresCluster cluster)
{
    private static readonly NewTemplate Restaurant = new() { Code = "restaurant", Server = "odoo-1", Language = "fr_FR", RequestedBy = "jane" };

    [Fact]
    public async Task A_template_of_the_catalogue_brings_its_name_modules_and_database()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var creation = Assert.IsType<TemplateCreation>(await BeginAsync(plane, Restaurant));
        Assert.Equal(("Restaurant", "template_restaurant", TemplateStates.Creating), (creation.Template.Name, creation.Template.Database, creation.Template.State));
        Assert.Contains("pos_restaurant", creation.Template.Modules);
        Assert.Equal($"create-template-restaurant-{creation.Template.Id}-1", creation.JobId);
        Assert.Equal("odoo-1/restaurant", (await plane.Jobs.FindAsync(creation.JobId, CancellationToken.None))!.Subject);
    }

    [Fact]
    public async Task A_template_that_is_not_in_the_catalogue_can_be_made()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var creation = Assert.IsType<TemplateCreation>(await BeginAsync(plane, Restaurant with { Code = "school", Modules = ["base", "website"], Database = "tpl-school" }));
        Assert.Equal(("school", "tpl-school"), (creation.Template.Name, creation.Template.Database));
        Assert.Equal(["base", "website"], creation.Template.Modules);
    }

    [Fact]
    public async Task A_template_that_is_made_is_ready_and_its_job_has_succeeded()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var creation = Assert.IsType<TemplateCreation>(await BeginAsync(plane, Restaurant));
        for (var delivery = 0; delivery < 2; delivery++)
        {
            await plane.Templates.MarkReadyAsync(creation.Template.Id, creation.JobId, "abc", 123, null, CancellationToken.None);
        }

        var template = await plane.Templates.FindAsync("odoo-1", "restaurant", CancellationToken.None);
        Assert.Equal((true, "abc", 123L), (template!.Ready, template.ContentHash, template.Bytes));
        Assert.Equal(JobOutcomes.Succeeded, (await plane.Jobs.FindAsync(creation.JobId, CancellationToken.None))!.Outcome);
    }

    [Fact]
    public async Task A_template_that_failed_keeps_the_reason_and_can_be_made_again_by_another_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var first = Assert.IsType<TemplateCreation>(await BeginAsync(plane, Restaurant));
        await plane.Templates.MarkFailedAsync(first.Template.Id, first.JobId, "odoo-bin was not found", CancellationToken.None);
        var failed = await plane.Templates.GetAsync(first.Template.Id, CancellationToken.None);
        Assert.Equal((TemplateStates.Failed, "odoo-bin was not found"), (failed!.State, failed.Reason));

        var second = Assert.IsType<TemplateCreation>(await BeginAsync(plane, Restaurant));
        Assert.Equal($"create-template-restaurant-{first.Template.Id}-2", second.JobId);
        Assert.Null(second.Template.Reason);
    }

    [Fact]
    public async Task A_ready_template_is_not_failed_by_a_late_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var template = await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None);
        await Assert.ThrowsAsync<PermanentFailureException>(() => plane.Templates.MarkFailedAsync(template!.Id, "job", "late", CancellationToken.None));
    }

    [Fact]
    public async Task Of_ten_that_make_the_same_template_at_once_one_does()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => BeginAsync(plane, Restaurant))));
        Assert.Single(results.OfType<TemplateCreation>());
        Assert.All(results.OfType<TemplateRefused>(), r => Assert.Equal(TemplateRefusalKind.TemplateExists, r.Kind));
    }

    [Fact]
    public async Task An_unknown_server_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        Assert.Equal(TemplateRefusalKind.UnknownServer, Assert.IsType<TemplateRefused>(await BeginAsync(plane, Restaurant)).Kind);
    }

    [Fact]
    public async Task A_server_that_is_not_active_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Servers.CreateAsync(TestPlane.NewServer(), "test", CancellationToken.None);
        Assert.Equal(TemplateRefusalKind.ServerNotActive, Assert.IsType<TemplateRefused>(await BeginAsync(plane, Restaurant)).Kind);
    }

    [Fact]
    public async Task A_database_that_a_tenant_has_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync();
        Assert.Equal(TemplateRefusalKind.DatabaseTaken, Assert.IsType<TemplateRefused>(await BeginAsync(plane, Restaurant with { Database = "acme" })).Kind);
    }

    [Fact]
    public async Task A_database_of_another_template_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        Assert.Equal(TemplateRefusalKind.DatabaseTaken, Assert.IsType<TemplateRefused>(await BeginAsync(plane, Restaurant with { Database = "template_blank" })).Kind);
    }

    [Fact]
    public async Task Attaching_the_same_database_again_renews_its_hash()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.Templates.AttachAsync(Restaurant, "one", 1, CancellationToken.None);
        var attached = Assert.IsType<TemplateAttached>(await plane.Templates.AttachAsync(Restaurant, "two", 2, CancellationToken.None));
        Assert.Equal((true, "two", 2L), (attached.Template.Ready, attached.Template.ContentHash, attached.Template.Bytes));
    }

    [Fact]
    public async Task Attaching_another_database_under_a_ready_template_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.Templates.AttachAsync(Restaurant, "one", 1, CancellationToken.None);
        Assert.IsType<TemplateRefused>(await plane.Templates.AttachAsync(Restaurant with { Database = "other" }, "two", 2, CancellationToken.None));
    }

    [Fact]
    public void Every_wrong_field_of_a_template_is_named()
    {
        var errors = TemplateValidation.Check(new NewTemplate
        {
            Code = "Blank",
            Server = "",
            Name = "",
            Database = "a\"b",
            Modules = ["base; rm"],
            Language = "french",
            Version = "",
            WarmPoolSize = -1,
            RequestedBy = "jane",
        });
        Assert.Equal(["code", "database", "language", "modules", "name", "server", "version", "warmPoolSize"], errors.Keys.Order(StringComparer.Ordinal));
    }

    private static Task<TemplateResult> BeginAsync(TestPlane plane, NewTemplate order) =>
        plane.InTransactionAsync((c, t) => plane.Templates.BeginCreateAsync(c, t, order, CancellationToken.None));
}
