using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

public sealed class ReservationTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_reservation_holds_everything_that_the_tenants_jobs_need()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await plane.AddServerAsync();
        var order = TestPlane.Order() with
        {
            CustomerName = "Jane",
            CallbackUrl = "https://console.example/done",
            Locale = new TenantLocale { Language = "fr_FR", TimeZone = "Europe/Paris", DateFormat = "%d/%m/%Y", Currency = "EUR", Country = "FR", Vat = "FR123" },
        };
        var reservation = Assert.IsType<Reservation>(await plane.ReserveAsync(order));
        var expected = new TenantDescriptor
        {
            TenantId = reservation.TenantId,
            JobId = $"provision-acme-{reservation.TenantId}",
            Code = "acme",
            Name = "Acme SAS",
            CustomerName = "Jane",
            CustomerEmail = "jane@acme.example",
            Offer = "odoo-shared",
            Plan = "starter",
            ServerId = server.Id,
            ServerCode = "odoo-1",
            Database = "acme",
            TemplateCode = "blank",
            TemplateDatabase = "template_blank",
            TemplateVersion = "hash-1",
            Host = "acme.example.com",
            BaseUrl = "https://acme.example.com",
            Bucket = $"bibind-acme-{reservation.TenantId}",
            Locale = order.Locale,
            CallbackUrl = "https://console.example/done",
        };
        Assert.Equal(expected, reservation.Place);
        Assert.Equal(expected, await plane.Tenants.GetPlaceAsync(reservation.TenantId, reservation.JobId, CancellationToken.None));
        var job = await plane.Jobs.FindAsync(reservation.JobId, CancellationToken.None);
        Assert.Equal((JobKinds.Provision, "acme", "console", null), (job!.Kind, job.TenantCode, job.RequestedBy, job.FinishedAt));
    }

    [Fact]
    public async Task The_host_offer_names_the_database_after_the_host()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        Assert.Equal("acme.example.com", (await plane.MustReserveAsync(offer: "odoo-host")).Place.Database);
    }

    [Fact]
    public async Task A_transaction_that_rolls_back_reserves_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1);
        await using (var connection = await plane.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            Assert.IsType<Reservation>(await plane.Reservations.ReserveAsync(connection, transaction, TestPlane.Order(), CancellationToken.None));
        }

        Assert.Null(await plane.Tenants.FindAsync("acme", CancellationToken.None));
        await plane.MustReserveAsync();
    }

    [Fact]
    public async Task The_server_with_the_most_available_capacity_is_taken()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("small", 2);
        await plane.AddServerAsync("large", 10);
        Assert.Equal("large", (await plane.MustReserveAsync("one")).Place.ServerCode);
        Assert.Equal("small", (await plane.MustReserveAsync("two")).Place.ServerCode);
        Assert.Equal("large", (await plane.MustReserveAsync("three")).Place.ServerCode);
    }

    [Fact]
    public async Task A_server_of_ten_takes_its_ninth_tenant_and_no_tenth()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 10);
        for (var i = 1; i <= 9; i++)
        {
            await plane.MustReserveAsync($"tenant-{i}");
        }

        await RefusedAsync(plane, ReservationRefusalKind.NoCapacity, TestPlane.Order("tenant-10"));
    }

    [Fact]
    public async Task The_free_share_is_a_setting()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync(maxTenants: 3);
        foreach (var code in new[] { "one", "two", "three" })
        {
            await plane.MustReserveAsync(code);
        }

        await RefusedAsync(plane, ReservationRefusalKind.NoCapacity, TestPlane.Order("four"));
    }

    [Fact]
    public async Task A_server_of_one_place_can_be_filled()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1);
        await plane.MustReserveAsync();
        await RefusedAsync(plane, ReservationRefusalKind.NoCapacity, TestPlane.Order("other"));
    }

    [Theory]
    [InlineData("no-such", null, null, ReservationRefusalKind.UnknownOffer, "offer")]
    [InlineData("odoo-shared", "no-such", null, ReservationRefusalKind.UnknownPlan, "plan")]
    [InlineData("odoo-shared", null, "no-such", ReservationRefusalKind.UnknownTemplate, "template")]
    [InlineData("odoo-shared", null, "restaurant", ReservationRefusalKind.TemplateNotReady, "template")]
    public async Task An_order_for_what_is_not_there_is_refused_by_field(
        string offer, string? plan, string? template, ReservationRefusalKind kind, string field)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var refused = await RefusedAsync(plane, kind, TestPlane.Order(offer: offer) with { Plan = plan, Template = template });
        Assert.Equal(field, refused.Field);
        Assert.Null(await plane.Tenants.FindAsync("acme", CancellationToken.None));
    }

    [Fact]
    public async Task A_template_that_is_being_made_is_not_ready()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.InTransactionAsync((c, t) => plane.Templates.BeginCreateAsync(
            c, t, new NewTemplate { Code = "blank", Server = "odoo-1", RequestedBy = "test" }, CancellationToken.None));
        await RefusedAsync(plane, ReservationRefusalKind.TemplateNotReady, TestPlane.Order());
    }

    [Fact]
    public async Task Without_a_server_an_order_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await RefusedAsync(plane, ReservationRefusalKind.NoActiveServer, TestPlane.Order());
    }

    [Theory]
    [InlineData(ServerStates.Maintenance)]
    [InlineData(ServerStates.Offline)]
    [InlineData(ServerStates.Disabled)]
    public async Task A_server_that_is_not_active_takes_no_tenant(string state)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.Servers.ChangeStateAsync("odoo-1", state, "jane", "test", CancellationToken.None);
        await RefusedAsync(plane, ReservationRefusalKind.NoActiveServer, TestPlane.Order());
    }

    [Theory]
    [InlineData(ServerHealth.Healthy, true)]
    [InlineData(ServerHealth.Unknown, true)]
    [InlineData(ServerHealth.Warning, false)]
    [InlineData(ServerHealth.Critical, false)]
    public async Task Only_a_server_that_is_not_known_to_be_ill_takes_a_tenant(string health, bool takes)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.ScalarAsync<int>($"update control.servers set health = '{health}'");
        Assert.Equal(takes, await plane.ReserveAsync(TestPlane.Order()) is Reservation);
    }

    [Fact]
    public async Task A_code_that_a_live_tenant_has_is_refused_with_the_remedy()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync();
        var refused = await RefusedAsync(plane, ReservationRefusalKind.CodeTaken, TestPlane.Order());
        Assert.Contains("choose another code", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_a_live_tenant_has_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync("other");
        await plane.ScalarAsync<int>("update control.tenants set host = 'acme.example.com'");
        await RefusedAsync(plane, ReservationRefusalKind.HostTaken, TestPlane.Order());
    }

    [Fact]
    public async Task A_database_that_a_tenant_has_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync("other");
        await plane.ScalarAsync<int>("update control.tenants set database = 'acme'");
        await RefusedAsync(plane, ReservationRefusalKind.DatabaseTaken, TestPlane.Order());
    }

    [Fact]
    public async Task A_database_that_a_template_has_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.Templates.AttachAsync(new NewTemplate { Code = "blank", Server = "odoo-1", Database = "golden", RequestedBy = "test" }, "h", 1, CancellationToken.None);
        await RefusedAsync(plane, ReservationRefusalKind.DatabaseTaken, TestPlane.Order("golden"));
    }

    [Fact]
    public async Task Where_the_database_is_taken_on_one_server_another_takes_the_tenant()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("odoo-1");
        await plane.MustReserveAsync("other");
        await plane.ScalarAsync<int>("update control.tenants set database = 'acme'");
        await plane.AddServerAsync("odoo-2", maxTenants: 1);
        Assert.Equal("odoo-2", (await plane.MustReserveAsync()).Place.ServerCode);
    }

    [Fact]
    public async Task A_database_name_that_PostgreSQL_would_cut_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync(("Platform:Domain", $"{new string('x', 60)}.example"));
        await plane.AddServerAsync();
        await RefusedAsync(plane, ReservationRefusalKind.DatabaseNameInvalid, TestPlane.Order(offer: "odoo-host"));
    }

    [Fact]
    public async Task A_refusal_leaves_the_callers_transaction_usable()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync();
        var second = await plane.InTransactionAsync(async (c, t) =>
        {
            Assert.IsType<ReservationRefused>(await plane.Reservations.ReserveAsync(c, t, TestPlane.Order(), CancellationToken.None));
            return await plane.Reservations.ReserveAsync(c, t, TestPlane.Order("other"), CancellationToken.None);
        });
        Assert.IsType<Reservation>(second);
    }

    [Fact]
    public async Task An_order_that_was_not_validated_is_a_mistake_of_the_caller()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => plane.ReserveAsync(TestPlane.Order("Acme; drop")));
    }

    private static async Task<ReservationRefused> RefusedAsync(TestPlane plane, ReservationRefusalKind kind, TenantOrder order)
    {
        var refused = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(order));
        Assert.Equal(kind, refused.Kind);
        return refused;
    }
}
