using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;

namespace Bibind.ControlPlane.Tests;

public sealed class ServerTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_new_server_is_a_draft_with_a_draft_of_every_template()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var created = Assert.IsType<ServerCreated>(await plane.Servers.CreateAsync(TestPlane.NewServer(), "test", CancellationToken.None));
        Assert.Equal((ServerStates.Draft, ServerHealth.Unknown, 100, 100), (created.Server.State, created.Server.Health, created.Server.MaxTenants, created.Server.AvailableCapacityPercent));
        var templates = await plane.Templates.ListAsync(new TemplateFilter { ServerCode = "odoo-1" }, CancellationToken.None);
        Assert.Equal(["blank", "ecommerce", "restaurant", "services"], templates.Select(t => t.Code));
        Assert.All(templates, t => Assert.Equal((TemplateStates.Draft, false), (t.State, t.Ready)));
    }

    [Fact]
    public async Task Passwords_are_kept_as_secrets_and_not_in_the_row()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Servers.CreateAsync(TestPlane.NewServer() with { MasterPassword = "master-pass-word", ApplicationPassword = "application-pass-word" }, "test", CancellationToken.None);
        Assert.DoesNotContain("pass-word", await plane.ScalarAsync<string>("select s::text from control.servers s"), StringComparison.Ordinal);
        var connection = await plane.Get<IServerDirectory>().GetConnectionAsync(1, CancellationToken.None);
        Assert.Equal(("db-pass-word", "application-pass-word", "master-pass-word"), (connection.DatabasePassword, connection.ApplicationPassword, connection.MasterPassword));
        Assert.Equal(("bibind_maintenance", "odoo"), (connection.DatabaseUser, connection.ApplicationRole));
        Assert.DoesNotContain("pass-word", connection.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_server_does_not_print_its_passwords() =>
        Assert.DoesNotContain("pass-word", TestPlane.NewServer().ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_password_secret_is_a_permanent_failure_that_names_it()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        await plane.Secrets.DeleteAsync($"servers/{server.Id}", CancellationToken.None);
        var error = await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Get<IServerDirectory>().GetConnectionAsync(server.Id, CancellationToken.None));
        Assert.Contains($"servers/{server.Id}/database-password", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_server_is_a_permanent_failure()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await Assert.ThrowsAsync<PermanentFailureException>(() => plane.Get<IServerDirectory>().GetConnectionAsync(99, CancellationToken.None));
    }

    [Fact]
    public async Task A_code_is_given_once_and_the_refused_server_leaves_no_secret()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Servers.CreateAsync(TestPlane.NewServer(), "test", CancellationToken.None);
        var refused = Assert.IsType<ServerRefused>(
            await plane.Servers.CreateAsync(TestPlane.NewServer() with { Url = "http://elsewhere" }, "test", CancellationToken.None));
        Assert.Equal("code", refused.Field);
        Assert.Equal(2, await plane.Secrets.CountAsync("servers", CancellationToken.None));
    }

    [Fact]
    public async Task An_address_is_registered_once_however_it_is_written()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Servers.CreateAsync(TestPlane.NewServer() with { Url = "http://odoo.internal" }, "test", CancellationToken.None);
        var refused = Assert.IsType<ServerRefused>(
            await plane.Servers.CreateAsync(TestPlane.NewServer("odoo-2") with { Url = "HTTP://Odoo.Internal:80/" }, "test", CancellationToken.None));
        Assert.Equal("url", refused.Field);
    }

    [Fact]
    public async Task A_change_of_state_is_recorded_with_who_when_and_why()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        await plane.Servers.ChangeStateAsync("odoo-1", ServerStates.Maintenance, "jane", "kernel update", CancellationToken.None);
        var changes = await plane.Servers.ListStateChangesAsync(server.Id, CancellationToken.None);
        Assert.Equal(2, changes.Count);
        Assert.Equal(("active", "maintenance", "jane", "kernel update"), (changes[1].FromState, changes[1].ToState, changes[1].ChangedBy, changes[1].Reason));
        Assert.InRange(changes[1].ChangedAt, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Activating_an_active_server_changes_and_records_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        var again = Assert.IsType<ServerStateSet>(await plane.Servers.ActivateAsync("odoo-1", "jane", "again", CancellationToken.None));
        Assert.False(again.Changed);
        Assert.Single(await plane.Servers.ListStateChangesAsync(server.Id, CancellationToken.None));
    }

    [Theory]
    [InlineData(ServerStates.Draft, ServerStates.Offline)]
    [InlineData(ServerStates.Draft, ServerStates.Maintenance)]
    [InlineData(ServerStates.Maintenance, ServerStates.Offline)]
    [InlineData(ServerStates.Disabled, ServerStates.Active)]
    [InlineData(ServerStates.Active, ServerStates.Draft)]
    [InlineData(ServerStates.Active, "resting")]
    public void A_state_leads_only_where_the_specification_says(string from, string to) => Assert.False(ServerStates.MayChange(from, to));

    [Fact]
    public async Task A_server_with_tenants_cannot_be_disabled()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync();
        var refused = Assert.IsType<ServerStateRefused>(
            await plane.Servers.ChangeStateAsync("odoo-1", ServerStates.Disabled, "jane", "old", CancellationToken.None));
        Assert.Equal(ServerStateRefusal.HasTenants, refused.Kind);
        Assert.Contains("has 1 tenant: move or remove it before", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_tenants_can_be_disabled()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        Assert.IsType<ServerStateSet>(await plane.Servers.ChangeStateAsync("odoo-1", ServerStates.Disabled, "jane", "old", CancellationToken.None));
    }

    [Fact]
    public async Task The_list_counts_live_tenants()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 4);
        await plane.MustReserveAsync();
        var server = Assert.Single(await plane.Servers.ListAsync(CancellationToken.None));
        Assert.Equal((1, 75), (server.TenantCount, server.AvailableCapacityPercent));
    }

    [Fact]
    public void Every_wrong_field_of_a_server_is_named()
    {
        var errors = ServerValidation.Check(new NewServer
        {
            Code = "Odoo",
            Name = " ",
            Url = "ftp://x",
            DatabasePassword = "",
            ApplicationPassword = "",
            MasterPassword = "",
            DatabaseHost = "a b",
            DatabasePort = 0,
            Port = 70_000,
            MaxTenants = 0,
            CpuCores = 0,
            MemoryGb = 0,
            DiskGb = -1,
            DatabaseUser = "",
            ApplicationRole = "a\nb",
        });
        Assert.Equal(
            ["applicationPassword", "applicationRole", "code", "cpuCores", "databaseHost", "databasePassword", "databasePort", "databaseUser", "diskGb", "masterPassword", "maxTenants", "memoryGb", "name", "port", "url"],
            errors.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("http://10.0.0.5:8069", true)]
    [InlineData("https://odoo.example.com", true)]
    [InlineData("https://odoo.example.com/", true)]
    [InlineData("https://user:secret@odoo.example.com", false)]
    [InlineData("https://odoo.example.com/path", false)]
    [InlineData("https://odoo.example.com?x=1", false)]
    [InlineData("odoo.example.com", false)]
    public void An_address_is_scheme_host_and_port(string url, bool fine) =>
        Assert.Equal(fine, ServerValidation.Check(TestPlane.NewServer() with { Url = url }).Count == 0);
}
