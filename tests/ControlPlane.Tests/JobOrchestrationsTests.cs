using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.ControlPlane.Tests;

/// <summary>Whether an open job goes on is the engine's to say, through its client alone.</summary>
public sealed class JobOrchestrationsTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_tenant_is_abandoned_when_the_engine_does_not_run_its_open_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var worked = await plane.MustReserveAsync("worked");
        var left = await plane.MustReserveAsync("left");
        await plane.Get<DurableTaskClient>().ScheduleNewOrchestrationInstanceAsync(
            "Any", worked.Order, new StartOrchestrationOptions(worked.JobId), TestContext.Current.CancellationToken);

        var found = await plane.Get<AbandonedTenants>().FindAsync(10, TestContext.Current.CancellationToken);

        Assert.Equal((left.TenantId, left.JobId), Assert.Single(found.Select(t => (t.Id, t.OpenJob!))));
        Assert.Equal(
            [left.JobId, "nobody"],
            await plane.Get<JobOrchestrations>().FindEndedAsync([worked.JobId, left.JobId, "nobody"], TestContext.Current.CancellationToken));
    }
}
