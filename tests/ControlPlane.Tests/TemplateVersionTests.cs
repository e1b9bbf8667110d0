using Bibind.Contracts;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.ControlPlane.Tests;

/// <summary>How versions of a template follow each other, and what orders take meanwhile.</summary>
public sealed class TemplateVersionTests(PostgresCluster cluster)
{
    [Fact]
    public async Task What_a_template_was_attached_with_is_its_first_version()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();

        var first = Assert.Single((await plane.VersionsAsync()).Items);

        Assert.Equal((1, TemplateVersionStates.Current, "template_blank", "hash-1"), (first.Number, first.State, first.Database, first.ContentHash));
        var reservation = await plane.MustReserveAsync();
        Assert.Equal(1, (await plane.Tenants.GetAsync(reservation.TenantId, CancellationToken.None))!.TemplateNumber);
        Assert.Equal(1, Assert.Single((await plane.VersionsAsync()).Items).Tenants);
    }

    [Fact]
    public async Task Attaching_again_renews_what_is_known_of_the_current_version()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();

        await plane.Templates.AttachAsync(new NewTemplate { Code = "blank", Server = "odoo-1", RequestedBy = "test" }, "hash-2", 1, CancellationToken.None);

        Assert.Equal("hash-2", Assert.Single((await plane.VersionsAsync()).Items).ContentHash);
    }

    [Fact]
    public async Task Templates_and_tenants_of_before_have_the_first_version()
    {
        await using var database = await cluster.NewDatabaseAsync();
        var migrator = new ControlDatabaseMigrator(database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance);
        await migrator.ApplyAsync([.. Migration.Embedded().Where(m => m.Version < 111)], CancellationToken.None);
        await using (var connection = await database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into control.servers (id, code, name, url, db_password_secret, state, created_at) values (7, 's', 's', 'http://s', 'x', 'active', now());
                insert into control.templates (id, code, name, server_id, database, modules, state, content_hash, bytes, contents, created_at, ready_at) values
                  (1, 'blank', 'b', 7, 'template_blank', '{base}', 'ready', 'h1', 5, '{"fiscalCountry": "FR"}', now(), now()),
                  (2, 'draft', 'd', 7, 'template_draft', '{base}', 'draft', null, null, null, now(), null);
                insert into control.tenants (code, name, offer, plan, template_id, template_code, template_database, server_id, database, host, base_url, bucket,
                  language, time_zone, currency, state, requested_by, created_at)
                values ('acme', 'a', 'odoo-shared', 'starter', 1, 'blank', 'template_blank', 7, 'acme', 'acme.x', 'https://acme.x', 'b', 'fr_FR', 'UTC', 'EUR', 'active', 't', now());
                """);
        }

        await migrator.ApplyAsync(CancellationToken.None);

        await using var plane = new TestPlane(database);
        var version = Assert.Single((await plane.Get<TemplateVersionStore>().ListAsync("blank", null, PageRequest.First, CancellationToken.None)).Items);
        Assert.Equal((1, "current", "template_blank", "h1", "FR", 1), (version.Number, version.State, version.Database, version.ContentHash, version.Country, version.Tenants));
        Assert.Empty((await plane.Get<TemplateVersionStore>().ListAsync("draft", null, PageRequest.First, CancellationToken.None)).Items);
    }

    [Fact]
    public async Task A_version_becomes_current_after_its_trial_and_the_one_before_can_be_had_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        var before = await plane.MustReserveAsync("before");
        Assert.Equal(2, await plane.BuiltAsync());
        Assert.Equal("template_blank", (await plane.MustReserveAsync("meanwhile")).Place.TemplateDatabase);

        await plane.PromotedAsync(2);

        var template = (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!;
        Assert.Equal(("template_blank_v2", "hash of 2"), (template.Database, template.ContentHash));
        var after = await plane.MustReserveAsync("after");
        Assert.Equal(("template_blank_v2", "hash of 2"), (after.Place.TemplateDatabase, after.Place.TemplateVersion));
        Assert.Equal("template_blank", (await plane.Lifecycle.ConfirmReservationAsync(before.TenantId, before.JobId, CancellationToken.None)).TemplateDatabase);
        Assert.Equal(
            [(2, "current", 1), (1, "previous", 2)], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State, v.Tenants)));
        var tenants = await plane.Get<TemplateTenants>().ListAsync("blank", "odoo-1", null, new PageRequest(1, 2), CancellationToken.None);
        Assert.Equal((3, false), (tenants.Total, tenants.Items[0].IsCurrent));
        Assert.Equal("after", Assert.Single((await plane.Get<TemplateTenants>().ListAsync("blank", null, 2, PageRequest.First, CancellationToken.None)).Items).Code);

        Assert.IsType<TemplateVersionResult.Done>(await plane.RollBackAsync(2));

        Assert.Equal("template_blank", (await plane.MustReserveAsync("again")).Place.TemplateDatabase);
        Assert.Equal([(2, "candidate"), (1, "current")], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State)));
        var refused = Assert.IsType<TemplateVersionResult.Refused>(await plane.RollBackAsync(1));
        Assert.Contains("no version before it", refused.Message, StringComparison.Ordinal);
        var changes = await plane.Get<TemplateVersionStore>().ListChangesAsync("blank", null, PageRequest.First, CancellationToken.None);
        Assert.Equal(["rollback", "promote", "try", "build"], changes.Items.Select(c => c.Action));
        Assert.All(changes.Items, c => Assert.Equal(("test", "as the test wants"), (c.ChangedBy, c.Reason)));
        Assert.Equal(server.Id, template.ServerId);
    }

    [Fact]
    public async Task Of_two_promotions_at_once_one_wins_and_the_other_is_told_why()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.BuiltAsync();
        await plane.BuiltAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => plane.BeginPromotionAsync(2 + (i % 2))));

        Assert.Single(results.OfType<TemplateVersionResult.Begun>());
        Assert.All(results.OfType<TemplateVersionResult.Refused>(), r =>
            Assert.Matches("Job 'promote-template-version-.*' is promoting version|job 'promote-template-version-.*' is promoting it: wait for its end", r.Message));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.jobs where kind = 'promote-template-version'"));
    }

    [Fact]
    public async Task A_trial_that_fails_leaves_everything_as_it_was()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.BuiltAsync();
        var begun = Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginPromotionAsync(2));
        var end = new TrialEnd(Planes.Order(begun), new Inventory(), "The login page answers 500.");

        await plane.Get<TemplatePromotions>().RefuseAsync(end, CancellationToken.None);
        await plane.Get<TemplatePromotions>().RefuseAsync(end, CancellationToken.None);

        Assert.Equal([(2, "candidate", "The login page answers 500."), (1, "current", null)], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State, v.Reason)));
        Assert.Equal("template_blank", (await plane.MustReserveAsync()).Place.TemplateDatabase);
        await Assert.ThrowsAsync<PermanentFailureException>(() => plane.Get<TemplatePromotions>().PromoteAsync(end, CancellationToken.None));
        var job = (await plane.Jobs.FindAsync(begun.JobId, CancellationToken.None))!;
        Assert.Equal(("failed", "The login page answers 500."), (job.Outcome, job.Reason));
    }

    [Fact]
    public async Task A_promotion_that_is_repeated_answers_the_same()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.BuiltAsync();
        var order = await plane.PromotedAsync(2);

        var again = await plane.Get<TemplatePromotions>().PromoteAsync(new TrialEnd(order, new Inventory()), CancellationToken.None);

        Assert.Equal(2, again.Number);
        Assert.Equal([(2, "current"), (1, "previous")], (await plane.VersionsAsync()).Items.Select(v => (v.Number, v.State)));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.template_version_changes where action = 'promote'"));
    }

    [Fact]
    public async Task A_share_of_the_orders_takes_the_candidate_always_the_same_ones()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 10_000);
        await plane.BuiltAsync();
        await plane.PromotedAsync(2, canaryPercent: 30);

        var taken = new List<string>();
        foreach (var code in Enumerable.Range(0, 100).Select(i => $"shop-{i}"))
        {
            var reservation = await plane.MustReserveAsync(code);
            var tenant = (await plane.Tenants.GetAsync(reservation.TenantId, CancellationToken.None))!;
            Assert.Equal(
                (tenant.TemplateNumber == 2 ? "template_blank_v2" : "template_blank", tenant.TemplateNumber == 2 ? "hash of 2" : "hash-1"),
                (tenant.TemplateDatabase, tenant.TemplateVersion));
            if (tenant.TemplateNumber == 2)
            {
                taken.Add(code);
            }
        }

        Assert.InRange(taken.Count, 15, 45);
        Assert.All(taken, code => Assert.True(TemplateVersionChoice.IsInShare(1, 2, code, 100)));
        Assert.Equal("template_blank", (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Database);
        await plane.BuiltAsync();
        var refused = Assert.IsType<TemplateVersionResult.Refused>(await plane.BeginPromotionAsync(3));
        Assert.Contains("Version 2 of template 'blank' gets 30 % of the orders", refused.Message, StringComparison.Ordinal);

        Assert.IsType<TemplateVersionResult.Done>(await plane.RollBackAsync(2));

        Assert.Equal("template_blank", (await plane.MustReserveAsync($"{taken[0]}-x")).Place.TemplateDatabase);
        Assert.Equal(0, await plane.ScalarAsync<int>("select max(canary_percent) from control.template_versions"));
        await plane.PromotedAsync(3);
    }

    [Fact]
    public async Task A_candidate_that_does_not_fit_the_order_is_not_given_to_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.BuiltAsync(contents: new TemplateContents { Languages = ["de_DE"], Currencies = ["EUR"] });
        await plane.PromotedAsync(2, canaryPercent: 99);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("template_blank", (await plane.MustReserveAsync($"shop-{i}")).Place.TemplateDatabase);
        }
    }

    [Fact]
    public async Task Orders_during_a_promotion_have_the_one_version_or_the_other()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1000);
        await plane.BuiltAsync();
        var begun = Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginPromotionAsync(2));

        var orders = Enumerable.Range(0, 40).Select(i => Task.Run(() => plane.ReserveAsync(TestPlane.Order($"shop-{i}")))).ToList();
        await plane.Get<TemplatePromotions>().PromoteAsync(new TrialEnd(Planes.Order(begun), new Inventory()), CancellationToken.None);
        Assert.All(await Task.WhenAll(orders), r => Assert.IsType<Reservation>(r));

        Assert.Equal(0, await plane.ScalarAsync<int>(
            """
            select count(*)::int from control.tenants t where not exists (
              select from control.template_versions v where v.template_id = t.template_id and v.number = t.template_number
                and v.database = t.template_database and v.content_hash = t.template_version)
            """));
    }
}
