using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;

namespace Bibind.ControlPlane.Tests;

/// <summary>Servers are changed, drained and removed, by whom and why is recorded, and nothing is overwritten unseen.</summary>
public sealed class ServerChangesTests(PostgresCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_is_recorded_with_what_was_and_what_is()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        var changes = plane.Get<ServerChanges>();

        var done = Assert.IsType<ServerChangeResult.Done>(await changes.ChangeAsync(
            "odoo-1", [server.Version], server.Fields with { Name = "First", MaxTenants = 7, Labels = ["nvme"] }, "jane", "new disks", Token));

        Assert.Equal(("First", 7, true), (done.Server.Name, done.Server.MaxTenants, done.Changed));
        Assert.NotEqual(server.Version, done.Server.Version);
        var record = (await changes.ListAsync(server.Id, PageRequest.First, Token)).Items[0];
        Assert.Equal((ServerActions.Change, "jane", "new disks"), (record.Action, record.ChangedBy, record.Reason));
        Assert.Contains("\"maxTenants\": {\"to\": 7, \"from\": 100}", record.Changes, StringComparison.Ordinal);
        Assert.Contains("\"labels\"", record.Changes, StringComparison.Ordinal);
        Assert.DoesNotContain("\"port\"", record.Changes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_changes_of_one_version_the_second_changes_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var seen = await plane.AddServerAsync();
        var changes = plane.Get<ServerChanges>();

        var results = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => Task.Run(() => changes.ChangeAsync(
            "odoo-1", [seen.Version], seen.Fields with { Name = $"Name {i}" }, $"operator-{i}", "rivals", Token))));

        var winner = Assert.Single(results.OfType<ServerChangeResult.Done>());
        Assert.Equal(7, results.OfType<ServerChangeResult.Stale>().Count());
        Assert.Equal(winner.Server.Name, (await plane.Servers.FindAsync("odoo-1", Token))!.Name);
    }

    [Fact]
    public async Task Health_and_tenants_change_no_version()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var seen = await plane.AddServerAsync();
        await plane.MustReserveAsync();
        await plane.ScalarAsync<int>("update control.servers set health = 'critical', last_check = now()");

        Assert.Equal(seen.Version, (await plane.Servers.FindAsync("odoo-1", Token))!.Version);
    }

    [Fact]
    public async Task An_address_that_another_server_has_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("odoo-1");
        var second = await plane.AddServerAsync("odoo-2");

        var taken = Assert.IsType<ServerChangeResult.Taken>(await plane.Get<ServerChanges>().ChangeAsync(
            "odoo-2", null, second.Fields with { Url = "HTTP://odoo-1.internal:8069/" }, "jane", "typo", Token));

        Assert.Equal("url", taken.Field);
        Assert.Equal(second.Version, (await plane.Servers.FindAsync("odoo-2", Token))!.Version);
    }

    [Fact]
    public async Task The_applications_role_stays_while_tenants_databases_belong_to_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        await plane.MustReserveAsync();

        Assert.IsType<ServerChangeResult.InUse>(await plane.Get<ServerChanges>().ChangeAsync(
            "odoo-1", null, server.Fields with { ApplicationRole = "other" }, "jane", "typo", Token));
    }

    [Fact]
    public async Task A_server_with_tenants_is_not_removed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync();

        var refused = Assert.IsType<ServerChangeResult.InUse>(await plane.Get<ServerChanges>().RemoveAsync("odoo-1", null, "jane", "old", Token));

        Assert.Contains("has 1 tenant:", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await plane.Servers.FindAsync("odoo-1", Token));
    }

    [Fact]
    public async Task A_server_on_which_a_template_is_being_made_is_not_removed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.InTransactionAsync((c, t) => plane.Templates.BeginCreateAsync(
            c, t, new NewTemplate { Code = "blank", Server = "odoo-1", RequestedBy = "test" }, Token));

        Assert.IsType<ServerChangeResult.InUse>(await plane.Get<ServerChanges>().RemoveAsync("odoo-1", null, "jane", "old", Token));
    }

    [Fact]
    public async Task A_removed_server_is_gone_with_its_secrets_and_its_names_are_free()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        var ended = await plane.MustProvisionAsync();
        await plane.ScalarAsync<int>("update control.tenants set state = 'terminated', ended_at = now()");

        Assert.IsType<ServerChangeResult.Done>(await plane.Get<ServerChanges>().RemoveAsync("odoo-1", [server.Version], "jane", "sold", Token));

        Assert.Null(await plane.Servers.FindAsync("odoo-1", Token));
        Assert.Empty(await plane.Servers.ListAsync(Token));
        Assert.Equal(0, await plane.Secrets.CountAsync($"servers/{server.Id}", Token));
        Assert.NotNull(await plane.Tenants.GetAsync(ended.TenantId, Token));
        var record = (await plane.Get<ServerChanges>().ListAsync(server.Id, PageRequest.First, Token)).Items[0];
        Assert.Equal((ServerActions.Remove, "jane", "sold"), (record.Action, record.ChangedBy, record.Reason));
        var again = await plane.AddServerAsync();
        Assert.NotEqual(server.Id, again.Id);
        await plane.MustReserveAsync("next");
    }

    [Fact]
    public async Task An_order_that_comes_while_its_server_is_removed_gets_another_or_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync("odoo-1");
        var orders = Enumerable.Range(0, 10).Select(i => Task.Run(() => plane.ReserveAsync(TestPlane.Order($"rival-{i}"))));
        var removal = Task.Run(() => plane.Get<ServerChanges>().RemoveAsync("odoo-1", null, "jane", "race", Token), Token);

        var results = await Task.WhenAll(orders);

        var live = await plane.ScalarAsync<int>("select count(*)::int from control.tenants");
        Assert.Equal(results.OfType<Tenants.Reservation>().Count(), live);
        Assert.Equal(await removal is ServerChangeResult.Done, live == 0);
    }

    [Theory]
    [InlineData("best")]
    [InlineData("alerts")]
    public void A_code_that_is_a_word_of_the_api_is_refused(string code) =>
        Assert.Contains("code", ServerValidation.Check(TestPlane.NewServer(code)).Keys);
}
