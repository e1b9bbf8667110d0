using Bibind.Contracts;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>Orders for staging copies: what is reserved, what is refreshed, what is refused, and when a copy is due.</summary>
public sealed class StagingTests(PostgresCluster cluster)
{
    private static readonly MaskingRule[] Rules = [new() { Table = "res_partner", Column = "email", Method = MaskingMethods.Email }];

    [Fact]
    public async Task A_first_order_reserves_a_tenant_of_its_own_and_nobody_bills_it()
    {
        await using var plane = await NewPlaneAsync();

        var copy = await MakeAsync(plane, new StagingOrder { Source = "acme", Masking = Rules, RequestedBy = "console" });

        var tenant = (await plane.Tenants.FindAsync("acme-staging", CancellationToken.None))!;
        Assert.Equal((copy.TenantId, "acme", "acme-staging.example.com", "Acme SAS (staging)"), (tenant.Id, tenant.StagingOf, tenant.Host, tenant.Name));
        Assert.Equal(tenant.StagingOfId, tenant.ToPlace("job").StagingOf);
        Assert.InRange(tenant.StagingExpiresAt!.Value, DateTimeOffset.UtcNow.AddDays(13), DateTimeOffset.UtcNow.AddDays(15));
        await plane.Get<SubscriptionRounds>().OpenMissingAsync(new SubscriptionCause(SubscriptionCause.Timer, "test", "test"), CancellationToken.None);
        Assert.Equal(0, await plane.ScalarAsync<long>($"select count(*) from control.subscriptions where tenant_id = {copy.TenantId}"));
        var list = await plane.Tenants.ListAsync(new TenantFilter { StagingOf = "acme" }, PageRequest.First, CancellationToken.None);
        Assert.Equal(["acme-staging"], list.Items.Select(t => t.Code));
        Assert.Null((await plane.Tenants.FindAsync("acme", CancellationToken.None))!.StagingOf);
    }

    [Fact]
    public async Task A_copy_gets_another_code_where_somebody_has_the_first()
    {
        await using var plane = await NewPlaneAsync();
        await plane.MustReserveAsync("acme-staging");

        Assert.Equal("acme-staging-2", (await MakeAsync(plane)).Place.Code);
    }

    [Fact]
    public async Task A_long_code_is_cut_so_that_its_copys_is_valid()
    {
        await using var plane = await NewPlaneAsync("a-very-long-code-of-a-tenant-xy");

        var copy = await MakeAsync(plane, Order("a-very-long-code-of-a-tenant-xy"));

        Assert.Equal("a-very-long-code-of-a-t-staging", copy.Place.Code);
    }

    [Fact]
    public async Task A_second_order_refreshes_and_keeps_host_rules_and_the_later_day()
    {
        await using var plane = await NewPlaneAsync();
        var until = DateTimeOffset.UtcNow.AddDays(60);
        var copy = await MakeAsync(plane, new StagingOrder { Source = "acme", Masking = Rules, ExpiresAt = until, RequestedBy = "console" });
        await plane.Lifecycle.ActivateAsync(copy.TenantId, copy.JobId, CancellationToken.None);

        var refresh = Assert.IsType<StagingResult.Refresh>(await OpenAsync(plane, Order())).Order;

        Assert.Equal((copy.TenantId, $"{refresh.JobId}-staging", false), (refresh.TenantId, refresh.BackupId, refresh.WasSuspended));
        Assert.Equal(Rules, refresh.Staging!.Masking);
        var tenant = (await plane.Tenants.GetAsync(copy.TenantId, CancellationToken.None))!;
        Assert.Equal((TenantStates.Restoring, "acme-staging.example.com"), (tenant.State, tenant.Host));
        Assert.InRange(tenant.StagingExpiresAt!.Value, until.AddMinutes(-1), until.AddMinutes(1));
        Assert.IsType<StagingResult.JobRunning>(await OpenAsync(plane, Order()));
        Assert.Equal("code", Assert.IsType<StagingResult.Invalid>(await OpenAsync(plane, Order() with { Code = "other" })).Field);
    }

    [Fact]
    public async Task A_copy_that_a_failed_refreshing_left_suspended_is_refreshed_and_one_that_somebody_suspended_is_not()
    {
        await using var plane = await NewPlaneAsync();
        var copy = await MakeAsync(plane);
        await plane.Lifecycle.ActivateAsync(copy.TenantId, copy.JobId, CancellationToken.None);
        await plane.ScalarAsync<int>($"update control.tenants set state = 'suspended' where id = {copy.TenantId}");
        await plane.ScalarAsync<int>($"insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at) values ({copy.TenantId}, 'operator', 'x', 'x', 'x', now())");
        Assert.Contains("is suspended", Assert.IsType<StagingResult.WrongState>(await OpenAsync(plane, Order())).Message, StringComparison.Ordinal);

        await plane.ScalarAsync<int>("delete from control.tenant_suspensions");

        Assert.True(Assert.IsType<StagingResult.Refresh>(await OpenAsync(plane, Order())).Order.WasSuspended);
    }

    [Theory]
    [InlineData("suspended")]
    [InlineData("terminating")]
    [InlineData("terminated")]
    [InlineData("upgrading")]
    [InlineData("moving")]
    public async Task Only_an_active_tenant_is_copied(string state)
    {
        await using var plane = await NewPlaneAsync();
        await plane.ScalarAsync<int>($"update control.tenants set state = '{state}' where code = 'acme'");

        Assert.Contains(state, Assert.IsType<StagingResult.WrongState>(await OpenAsync(plane, Order())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_is_not_copied_and_nobody_is_not_either()
    {
        await using var plane = await NewPlaneAsync();
        var copy = await MakeAsync(plane);
        await plane.Lifecycle.ActivateAsync(copy.TenantId, copy.JobId, CancellationToken.None);

        Assert.Contains("is a staging copy of 'acme' itself", Assert.IsType<StagingResult.WrongState>(await OpenAsync(plane, Order("acme-staging"))).Message, StringComparison.Ordinal);
        Assert.IsType<StagingResult.NotFound>(await OpenAsync(plane, Order("nobody")));
    }

    [Fact]
    public async Task Of_two_orders_at_once_one_makes_the_copy()
    {
        await using var plane = await NewPlaneAsync();

        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => plane.InTransactionAsync(async (c, t) =>
        {
            var result = await plane.Get<StagingOpening>().OpenAsync(c, t, Order(), CancellationToken.None);
            if (result is StagingResult.New wanted)
            {
                var reservation = (Reservation)await plane.Reservations.ReserveAsync(c, t, wanted.Orders[0], CancellationToken.None);
                await plane.Get<StagingOpening>().RecordAsync(c, t, wanted, reservation, "console", CancellationToken.None);
            }

            return result;
        }))));

        Assert.Single(both.OfType<StagingResult.New>());
        Assert.Single(both.OfType<StagingResult.JobRunning>());
    }

    [Fact]
    public async Task A_copy_is_due_when_its_day_has_come_or_its_tenant_is_gone_and_no_job_is_at_work()
    {
        await using var plane = await NewPlaneAsync();
        var copy = await MakeAsync(plane);
        var store = plane.Get<StagingStore>();
        var later = DateTimeOffset.UtcNow.AddDays(30);
        Assert.Empty(await DueAsync(later));
        await plane.Lifecycle.ActivateAsync(copy.TenantId, copy.JobId, CancellationToken.None);

        Assert.Empty(await DueAsync(DateTimeOffset.UtcNow));
        Assert.Equal(["acme-staging"], await DueAsync(later));
        await plane.ScalarAsync<int>("update control.tenants set state = 'terminated' where code = 'acme'");
        Assert.Equal(["acme-staging"], await DueAsync(DateTimeOffset.UtcNow));
        await plane.BeginTerminatingAsync("acme-staging");
        Assert.Empty(await DueAsync(later));

        async Task<IEnumerable<string>> DueAsync(DateTimeOffset now) => (await store.ListDueAsync(now, 10, CancellationToken.None)).Select(c => c.Code);
    }

    [Fact]
    public async Task The_day_is_changed_by_version_and_not_of_one_that_has_ended()
    {
        await using var plane = await NewPlaneAsync();
        var copy = await MakeAsync(plane);
        await plane.Lifecycle.ActivateAsync(copy.TenantId, copy.JobId, CancellationToken.None);
        var store = plane.Get<StagingStore>();
        var day = DateTimeOffset.UtcNow.AddDays(3);

        Assert.True(await store.ExtendAsync(copy.TenantId, day, [1], CancellationToken.None));
        Assert.False(await store.ExtendAsync(copy.TenantId, day, [1], CancellationToken.None));
        Assert.True(await store.ExtendAsync(copy.TenantId, day, null, CancellationToken.None));
        var shown = (await store.FindAsync("acme", CancellationToken.None))!;
        Assert.Equal((3, "acme-staging", "active"), (shown.Version, shown.Code, shown.State));
        var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme-staging"));
        Assert.False(await store.ExtendAsync(copy.TenantId, day, null, CancellationToken.None));
        await plane.Lifecycle.EndDestroyAsync(
            new TenantDestroyEnd { TenantId = copy.TenantId, JobId = termination.JobId, Inventory = new Inventory { Items = [new InventoryItem("database", "acme-staging", InventoryItem.Absent)] } },
            CancellationToken.None);
        Assert.Null((await store.FindAsync("acme", CancellationToken.None))!.ExpiresAt);
        Assert.IsType<StagingResult.New>(await OpenAsync(plane, Order()));
    }

    [Fact]
    public void Everything_that_is_wrong_with_rules_is_named()
    {
        MaskingRule[] rules =
        [
            new() { Table = "Res Partner", Column = "e\"mail", Method = "burn" },
            new() { Table = "a", Column = "b", Method = MaskingMethods.Fixed },
            new() { Table = "a", Column = "b", Method = MaskingMethods.Hash, Value = "x" },
            new() { Table = "res_partner", Column = "email", Method = MaskingMethods.Email },
        ];

        Assert.Equal(
            ["masking[0].column", "masking[0].method", "masking[0].table", "masking[1].value", "masking[2].column", "masking[2].value"],
            MaskingRules.Check(rules, (i, member) => $"masking[{i}].{member}").Keys.Order());
    }

    private async Task<TestPlane> NewPlaneAsync(string code = "acme")
    {
        var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync(code);
        return plane;
    }

    private static StagingOrder Order(string source = "acme") => new() { Source = source, RequestedBy = "console" };

    private static Task<StagingResult> OpenAsync(TestPlane plane, StagingOrder order) =>
        plane.InTransactionAsync((c, t) => plane.Get<StagingOpening>().OpenAsync(c, t, order, CancellationToken.None));

    private static Task<Reservation> MakeAsync(TestPlane plane, StagingOrder? order = null) => plane.InTransactionAsync(async (c, t) =>
    {
        var opening = plane.Get<StagingOpening>();
        var wanted = Assert.IsType<StagingResult.New>(await opening.OpenAsync(c, t, order ?? Order(), CancellationToken.None));
        foreach (var candidate in wanted.Orders)
        {
            if (await plane.Reservations.ReserveAsync(c, t, candidate, CancellationToken.None) is Reservation reservation)
            {
                await opening.RecordAsync(c, t, wanted, reservation, "console", CancellationToken.None);
                return reservation;
            }
        }

        throw new InvalidOperationException("No code was free.");
    });
}
