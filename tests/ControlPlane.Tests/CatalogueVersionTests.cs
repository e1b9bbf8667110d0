using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Tenants;
using Npgsql;

namespace Bibind.ControlPlane.Tests;

/// <summary>Offers and plans in versions: what was sold to a tenant is read there, whatever the plan says now.</summary>
public sealed class CatalogueVersionTests(PostgresCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_came_with_the_product_is_version_1()
    {
        await using var plane = await cluster.NewPlaneAsync();

        Assert.All(await plane.Get<PlanStore>().ListAsync(Token), p => Assert.Equal((1, true, "installation"), (p.Version, p.Active, p.ChangedBy)));
        Assert.All(await plane.Get<OfferStore>().ListAsync(Token), o => Assert.Equal((1, true, "installation"), (o.Version, o.Active, o.ChangedBy)));
        Assert.Equal(1, (await plane.Get<PlanStore>().ListVersionsAsync("pro", PageRequest.First, Token)).Total);
    }

    [Fact]
    public async Task A_tenant_keeps_the_terms_that_it_was_sold_when_its_plan_changes()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var old = await plane.MustProvisionAsync("old");
        var plans = plane.Get<PlanStore>();
        var before = (await plans.FindSoldAsync(old.TenantId, Token))!;

        var changed = await ChangeAsync(plans, "starter", p => p with { StorageQuotaBytes = 4096, RetentionDaily = 1, BackupSchedule = "weekly", GraceDays = 1, UserLimit = 2 });
        var late = await plane.MustProvisionAsync("new");

        Assert.Equal(2, changed.Version);
        Assert.Equal(before, await plans.FindSoldAsync(old.TenantId, Token) is { } sold ? sold with { Labels = before.Labels } : null);
        Assert.Equal(before.StorageQuotaBytes, await plans.FindStorageQuotaAsync(old.TenantId, Token));
        Assert.Equal(4096, await plans.FindStorageQuotaAsync(late.TenantId, Token));
        Assert.Equal((2, 2), ((await plans.FindSoldAsync(late.TenantId, Token))!.Version, (await plane.Tenants.FindAsync("new", Token))!.PlanVersion));

        // By the old plan daily, by the new one weekly: the new tenant had one this week already.
        await plane.ScalarAsync<int>(
            $"""
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select 'b-' || id, id, 'scheduled', 'k', 'm', 1, 'x', now() - interval '1 day' from control.tenants
            """);
        var due = new List<long>();
        for (var minute = 0; minute < 2; minute++)
        {
            due.AddRange(await plane.Get<BackupJobOpening>().ListDueAsync(DateTime.UtcNow, minute, 2, Token));
        }

        Assert.Equal([old.TenantId], due);
    }

    [Fact]
    public async Task An_offers_change_reaches_new_orders_only()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync("old");
        var offers = plane.Get<OfferStore>();

        await ChangeAsync(offers, "odoo-shared", o => o with { DatabasePattern = "erp_{code}", DefaultPlan = "pro" });
        await plane.MustProvisionAsync("new");

        var (old, late) = ((await plane.Tenants.FindAsync("old", Token))!, (await plane.Tenants.FindAsync("new", Token))!);
        Assert.Equal(("old", "starter", 1), (old.Database, old.Plan, old.OfferVersion));
        Assert.Equal(("erp_new", "pro", 2), (late.Database, late.Plan, late.OfferVersion));
        Assert.Equal(["{subdomain}", "erp_{code}"], (await offers.ListVersionsAsync("odoo-shared", PageRequest.First, Token)).Items.Reverse().Select(o => o.DatabasePattern));
    }

    [Fact]
    public async Task Of_two_changes_of_one_version_one_wins()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var plans = plane.Get<PlanStore>();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
            plans.ChangeAsync("pro", ["1"], p => p with { GraceDays = 40 + i }, $"rival-{i}", "race", Token))));

        var won = Assert.Single(results.OfType<CatalogueResult<Plan>.Done>());
        Assert.Equal(7, results.OfType<CatalogueResult<Plan>.Stale>().Count());
        Assert.Equal((2, won.Item.ChangedBy), ((await plans.FindAsync("pro", Token))!.Version, (await plans.FindAsync("pro", Token))!.ChangedBy));
    }

    [Fact]
    public async Task A_change_that_changes_nothing_makes_no_version()
    {
        await using var plane = await cluster.NewPlaneAsync();

        var result = await plane.Get<PlanStore>().ChangeAsync("pro", null, p => p, "test", "nothing", Token);

        Assert.False(Assert.IsType<CatalogueResult<Plan>.Done>(result).Changed);
        Assert.Equal(1, (await plane.Get<PlanStore>().ListVersionsAsync("pro", PageRequest.First, Token)).Total);
    }

    [Fact]
    public async Task What_is_closed_takes_no_order_and_leaves_tenants_be()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var old = await plane.MustProvisionAsync("old");

        await ChangeAsync(plane.Get<PlanStore>(), "starter", p => p with { Active = false });
        var byDefault = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order("new")));
        Assert.Equal((ReservationRefusalKind.PlanClosed, "plan"), (byDefault.Kind, byDefault.Field));
        Assert.Contains("which the offer 'odoo-shared' has for orders that name none, is closed for new orders", byDefault.Message, StringComparison.Ordinal);
        await ChangeAsync(plane.Get<OfferStore>(), "odoo-shared", o => o with { Active = false, DefaultPlan = "pro" });
        var closed = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order("new")));
        Assert.Equal((ReservationRefusalKind.OfferClosed, "offer"), (closed.Kind, closed.Field));

        Assert.Equal(TenantStates.Active, (await plane.Tenants.GetAsync(old.TenantId, Token))!.State);
        Assert.Equal(1, (await plane.Get<PlanStore>().FindSoldAsync(old.TenantId, Token))!.Version);
        Assert.IsType<Reservation>(await plane.ReserveAsync(
            TestPlane.Order("again") with { Plan = "starter", SoldOfferVersion = 1, SoldPlanVersion = 1, IsRestored = true }));
    }

    [Fact]
    public async Task A_plan_that_a_tenant_has_is_not_removed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var (plans, offers) = (plane.Get<PlanStore>(), plane.Get<OfferStore>());
        Assert.Contains(
            "default of the offers odoo-host, odoo-shared", Assert.IsType<CatalogueResult<Plan>.InUse>(await plans.RemoveAsync("starter", null, "t", "x", Token)).Message,
            StringComparison.Ordinal);
        var tenant = Assert.IsType<Reservation>(await plane.ReserveAsync(TestPlane.Order("acme") with { Plan = "pro" }));
        Assert.Contains("1 tenant has the plan 'pro'", Assert.IsType<CatalogueResult<Plan>.InUse>(await plans.RemoveAsync("pro", null, "t", "x", Token)).Message, StringComparison.Ordinal);
        Assert.IsType<CatalogueResult<Offer>.InUse>(await offers.RemoveAsync("odoo-shared", null, "t", "x", Token));

        await plane.ScalarAsync<int>(
            $"""
            update control.tenants set state = 'terminated', ended_at = now();
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at) values ('b', {tenant.TenantId}, 'final', 'k', 'm', 1, 'x', now())
            """);
        Assert.Contains("Backups are kept", Assert.IsType<CatalogueResult<Plan>.InUse>(await plans.RemoveAsync("pro", null, "t", "x", Token)).Message, StringComparison.Ordinal);
        await plane.ScalarAsync<int>("delete from control.backups");

        Assert.IsType<CatalogueResult<Plan>.Done>(await plans.RemoveAsync("pro", null, "t", "no longer sold", Token));
        Assert.Null(await plans.FindAsync("pro", Token));
        Assert.Equal(["no longer sold", "came with the product"], (await plans.ListVersionsAsync("pro", PageRequest.First, Token)).Items.Select(p => p.Reason));
        Assert.Equal(1, (await plans.FindSoldAsync(tenant.TenantId, Token))!.Version);
        Assert.Equal(ReservationRefusalKind.UnknownPlan, Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order("new") with { Plan = "pro" })).Kind);
        var again = await plane.InTransactionAsync((c, t) => plans.CreateAsync(c, t, NewPlan("pro"), "t", "again", Token));
        Assert.Contains("was removed", Assert.IsType<CatalogueResult<Plan>.Taken>(again).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_and_a_removal_at_once_never_leave_a_tenant_of_a_removed_plan()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var plans = plane.Get<PlanStore>();
        for (var round = 0; round < 10; round++)
        {
            var code = $"race-{round}";
            await plane.InTransactionAsync((c, t) => plans.CreateAsync(c, t, NewPlan(code), "t", "race", Token));

            var order = Task.Run(() => plane.ReserveAsync(TestPlane.Order(code) with { Plan = code }));
            var removal = Task.Run(() => plans.RemoveAsync(code, null, "t", "race", Token));

            Assert.True(await order is Reservation ^ await removal is CatalogueResult<Plan>.Done, $"{await order} / {await removal}");
        }
    }

    [Fact]
    public async Task A_row_that_is_changed_by_hand_makes_a_version_too()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.ScalarAsync<int>("update control.plans set grace_days = 99 where code = 'pro'");

        var plan = (await plane.Get<PlanStore>().FindAsync("pro", Token))!;
        Assert.Equal((2, 99, "changed in the database"), (plan.Version, plan.GraceDays, plan.Reason));
        Assert.Equal(14, (await plane.Get<PlanStore>().ListVersionsAsync("pro", PageRequest.First, Token)).Items[1].GraceDays);
    }

    [Theory]
    [InlineData("update control.plan_versions set grace_days = 0")]
    [InlineData("delete from control.plan_versions")]
    [InlineData("delete from control.offer_versions")]
    public async Task A_version_cannot_be_changed_nor_deleted(string sql)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await ChangeAsync(plane.Get<PlanStore>(), "pro", p => p with { GraceDays = 1 });

        var refused = await Assert.ThrowsAsync<PostgresException>(() => plane.ScalarAsync<int>(sql));

        Assert.Contains("never changed nor deleted", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_of_the_version_before_sells_the_newest_version()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await ChangeAsync(plane.Get<PlanStore>(), "pro", p => p with { GraceDays = 1 });
        var tenant = await plane.MustProvisionAsync();

        await plane.ScalarAsync<int>("update control.tenants set plan = 'pro'");

        Assert.Equal((1, 2), ((await plane.Tenants.GetAsync(tenant.TenantId, Token))!.OfferVersion, (await plane.Tenants.GetAsync(tenant.TenantId, Token))!.PlanVersion));
    }

    private static async Task<T> ChangeAsync<T, TFields>(VersionedCatalogue<T, TFields> store, string code, Func<T, TFields> change)
        where T : class, TFields, ICatalogueItem
        where TFields : class =>
        Assert.IsType<CatalogueResult<T>.Done>(await store.ChangeAsync(code, null, change, "test", "changed", Token)).Item;

    private static NewPlan NewPlan(string code) => new()
    {
        Code = code,
        Name = code,
        PricePeriod = "monthly",
        BackupSchedule = "daily",
        RetentionDaily = 7,
    };
}
