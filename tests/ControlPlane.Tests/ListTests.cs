using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Npgsql;

namespace Bibind.ControlPlane.Tests;

public sealed class ListTests(PostgresCluster cluster)
{
    [Fact]
    public async Task Tenants_come_by_page_newest_first()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        foreach (var code in new[] { "one", "two", "three" })
        {
            await plane.MustReserveAsync(code);
        }

        var page = await plane.Tenants.ListAsync(new TenantFilter(), new PageRequest(2, 2), CancellationToken.None);
        Assert.Equal((3L, 2, 2), (page.Total, page.Number, page.Size));
        Assert.Equal("one", Assert.Single(page.Items).Code);
    }

    [Fact]
    public async Task Tenants_are_filtered_by_state()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync("one");
        await plane.MustProvisionAsync("two");
        var page = await plane.Tenants.ListAsync(new TenantFilter { State = TenantStates.Active }, PageRequest.First, CancellationToken.None);
        Assert.Equal("two", Assert.Single(page.Items).Code);
    }

    [Fact]
    public async Task Jobs_are_filtered_by_tenant_kind_and_outcome()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustReserveAsync("one");
        await plane.MustProvisionAsync("two");
        await plane.BeginTerminatingAsync("two");
        Assert.Equal(["destroy", "provision"], (await ListAsync(new JobFilter { TenantCode = "two" })).Select(j => j.Kind));
        Assert.Equal("two", Assert.Single(await ListAsync(new JobFilter { Kind = JobKinds.Destroy })).TenantCode);
        Assert.Equal("two", Assert.Single(await ListAsync(new JobFilter { Outcome = JobOutcomes.Succeeded })).TenantCode);
        Assert.Equal(2, (await ListAsync(new JobFilter { Open = true })).Count);

        async Task<IReadOnlyList<Job>> ListAsync(JobFilter filter) => (await plane.Jobs.ListAsync(filter, PageRequest.First, CancellationToken.None)).Items;
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 0)]
    [InlineData(1, 201)]
    public async Task A_page_that_cannot_be_is_refused(int number, int size)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            plane.Tenants.ListAsync(new TenantFilter(), new PageRequest(number, size), CancellationToken.None));
    }

    [Fact]
    public async Task A_second_changing_job_of_a_tenant_cannot_be_opened()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        var second = new NewJob { Id = "second", Kind = "move", TenantId = reservation.TenantId, Subject = "acme", RequestedBy = "test" };
        var error = await Assert.ThrowsAsync<PostgresException>(() => plane.InTransactionAsync(async (c, t) =>
        {
            await plane.Jobs.InsertAsync(c, t, second, CancellationToken.None);
            return true;
        }));
        Assert.Equal("jobs_one_changing_per_tenant", error.ConstraintName);
    }

    [Fact]
    public async Task A_job_that_is_closed_twice_keeps_the_first_time()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var id = (await plane.MustReserveAsync()).JobId;
        await plane.Jobs.FinishAsync(id, new JobEnd { Outcome = JobOutcomes.Failed, Reason = "one" }, CancellationToken.None);
        var first = (await plane.Jobs.FindAsync(id, CancellationToken.None))!;
        await plane.Jobs.FinishAsync(id, new JobEnd { Outcome = JobOutcomes.Succeeded }, CancellationToken.None);
        var second = (await plane.Jobs.FindAsync(id, CancellationToken.None))!;
        Assert.Equal((first.FinishedAt, JobOutcomes.Succeeded, null), (second.FinishedAt, second.Outcome, second.Reason));
    }

    [Fact]
    public async Task A_job_that_does_not_exist_cannot_be_closed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Jobs.FinishAsync("none", new JobEnd { Outcome = JobOutcomes.Failed }, CancellationToken.None));
    }

    [Fact]
    public async Task Backups_come_newest_first_and_the_first_of_an_id_counts_unless_it_is_gone()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var tenant = (await plane.MustReserveAsync()).TenantId;
        var day = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var older = new BackupRecord("b1", tenant, "first", "k1", "m1", 10, "aa", day);
        var newer = new BackupRecord("b2", tenant, "manual", "k2", "m2", 20, "bb", day.AddDays(1));
        var lost = older with { Key = "k0", Bytes = 5 };
        Assert.Equal(lost, await plane.Backups.RecordAsync(lost, insteadOf: null, CancellationToken.None));
        Assert.Equal(lost, await plane.Backups.RecordAsync(older, insteadOf: null, CancellationToken.None));
        Assert.Equal(lost, await plane.Backups.RecordAsync(older, insteadOf: "another", CancellationToken.None));
        Assert.Equal(older, await plane.Backups.RecordAsync(older, insteadOf: "k0", CancellationToken.None));
        await plane.Backups.RecordAsync(newer, insteadOf: null, CancellationToken.None);
        Assert.Equal([newer, older], await plane.Backups.ListAsync(tenant, CancellationToken.None));
        await plane.Backups.DeleteAsync("b2", CancellationToken.None);
        await plane.Backups.DeleteAsync("b2", CancellationToken.None);
        Assert.Equal([older], await plane.Backups.ListAsync(tenant, CancellationToken.None));
    }
}
