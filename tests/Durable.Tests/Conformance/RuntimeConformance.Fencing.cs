using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Testing;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>A worker that was paused past its leases stores nothing when it wakes up.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_paused_worker_that_wakes_up_late_is_fenced()
    {
        await using var runtime = await CreateAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = 0;
        runtime.Activity<string?, string>("Slow", async (_, _) =>
            {
                if (Interlocked.Exchange(ref first, 1) == 0)
                {
                    await gate.Task;
                    return "late";
                }

                return "in time";
            })
            .Orchestrator<string?, string>("Main", async (context, _) =>
                await context.CallActivityAsync<string>("Slow") + await context.WaitForExternalEvent<string>("go"));
        runtime.StartWorker(o => o.LeaseDuration = TimeSpan.FromMilliseconds(300), hub: new NoRenewals(runtime.Hub));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => Volatile.Read(ref first) == 1);

        runtime.StartWorker();
        await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(id)).OfType<TaskCompletedEvent>().Any());
        gate.SetResult();
        await runtime.Client.RaiseEventAsync(id, "go", "!");

        Assert.Equal("in time!", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal("\"in time\"", Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<TaskCompletedEvent>()).Result);
    }

    [Fact]
    public async Task An_effect_is_not_begun_by_a_worker_that_slept_and_whose_work_another_did()
    {
        await using var runtime = await CreateAsync();
        var wakesUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (first, effects) = (0, 0);
        runtime.Activity<string?, string>("Effect", async (context, _) =>
            {
                if (Interlocked.Exchange(ref first, 1) == 0)
                {
                    await wakesUp.Task;
                }

                await LeaseFence.EnsureHeldAsync();
                return $"{Interlocked.Increment(ref effects)}";
            })
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Effect"));
        var sleeper = runtime.StartWorker(o => o.LeaseDuration = TimeSpan.FromMilliseconds(300), hub: new Asleep(runtime.Hub, wakesUp.Task));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => Volatile.Read(ref first) == 1);
        runtime.StartWorker();
        await runtime.EndAsync(id);

        wakesUp.SetResult();
        await Eventually.TrueAsync(() => sleeper.RunningActivities == 0);

        Assert.Equal(1, Volatile.Read(ref effects));
    }

    [Fact]
    public async Task A_step_of_an_instance_that_was_terminated_is_cancelled_and_has_no_effect_any_more()
    {
        await using var runtime = await CreateAsync();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var effects = 0;
        runtime.Activity<string?, string>("Effect", async (context, _) =>
            {
                await using var registration = context.CancellationToken.Register(cancelled.SetResult);
                await cancelled.Task;
                await context.EnsureLeaseHeldAsync();
                Interlocked.Increment(ref effects);
                return "done";
            })
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Effect"));
        var worker = runtime.StartWorker(o => o.LeaseDuration = TimeSpan.FromMilliseconds(300));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => runtime.Runs.GetValueOrDefault("Effect") == 1);

        await runtime.Client.TerminateInstanceAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await runtime.EndAsync(id)).RuntimeStatus);
        await cancelled.Task;
        await Eventually.TrueAsync(() => worker.RunningActivities == 0);
        Assert.Equal(0, Volatile.Read(ref effects));
    }

    [Fact]
    public async Task A_step_that_waits_when_its_instance_is_terminated_never_begins()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Step", _ => "done").Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Step"));
        runtime.StartWorker(o => o.MaxConcurrentActivities = 0);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Activities == 1);

        await runtime.Client.TerminateInstanceAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await runtime.EndAsync(id)).RuntimeStatus);
        Assert.Equal(0, (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Activities);
        Assert.Empty(runtime.Runs);
    }

    [Fact]
    public async Task A_worker_whose_renewals_failed_but_whose_work_nobody_took_goes_on_with_it()
    {
        await using var runtime = await CreateAsync();
        var wakesUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        runtime.Activity<string?, string>("Effect", async (context, _) =>
            {
                await wakesUp.Task;
                await context.EnsureLeaseHeldAsync();
                return "done";
            })
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Effect"));
        runtime.StartWorker(o => o.LeaseDuration = TimeSpan.FromMilliseconds(300), hub: new Asleep(runtime.Hub, wakesUp.Task));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => runtime.Runs.GetValueOrDefault("Effect") == 1);
        await Eventually.TrueAsync(async () => (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Activities == 1);

        wakesUp.SetResult();

        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal(1, runtime.Runs["Effect"]);
    }

    [Fact]
    public async Task Of_two_answers_of_one_activity_in_one_group_only_the_current_lease_counts()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Slow", _ => "unused")
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Slow"));
        runtime.StartWorker(o => o.MaxConcurrentActivities = 0);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var leased = new List<LeasedActivity>();
        while (leased.Count < 2)
        {
            await Eventually.TrueAsync(async () =>
            {
                var work = await runtime.Hub.LeaseAsync(new LeaseRequest("test", 0, 1, TimeSpan.FromMilliseconds(1), []), CancellationToken.None);
                leased.AddRange(work.Activities);
                return work.Activities.Count == 1;
            });
        }

        await runtime.Hub.CompleteActivitiesAsync(
            [.. leased.Select((a, n) => new ActivityResult(a.Lease, id, a.ExecutionId, new TaskCompletedEvent { TaskScheduledId = 0, Result = $"\"lease {n}\"" }))],
            CancellationToken.None);

        Assert.Equal("lease 1", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<TaskCompletedEvent>());
    }

    [Fact]
    public async Task A_renewal_that_comes_after_its_lease_was_given_back_keeps_nobody_off()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Step", _ => "done").Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Step"));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var request = new LeaseRequest("test", 1, 1, TimeSpan.FromHours(1), []);
        var instance = Assert.Single((await runtime.Hub.LeaseAsync(request, CancellationToken.None)).Instances).Lease;

        await runtime.Hub.ReleaseAsync([instance], [], TimeSpan.Zero, CancellationToken.None);
        var late = await runtime.Hub.RenewAsync(new LeaseRenewal([instance], [], TimeSpan.FromHours(1)), CancellationToken.None);
        Assert.Equal([instance], late.Instances);

        runtime.StartWorker(o => o.MaxConcurrentActivities = 0);
        ActivityLease activity = default;
        await Eventually.TrueAsync(async () =>
        {
            activity = (await runtime.Hub.LeaseAsync(request with { MaxInstances = 0 }, CancellationToken.None)).Activities.Select(a => a.Lease).FirstOrDefault();
            return activity != default;
        });
        await runtime.Hub.ReleaseAsync([], [activity], TimeSpan.Zero, CancellationToken.None);
        late = await runtime.Hub.RenewAsync(new LeaseRenewal([], [activity], TimeSpan.FromHours(1)), CancellationToken.None);
        Assert.Equal([activity], late.Activities);

        runtime.StartWorker();
        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_message_that_was_consumed_already_cannot_be_recorded_again()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Main", (context, _) => context.WaitForExternalEvent<string>("go"));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var request = new LeaseRequest("test", 1, 0, TimeSpan.FromMilliseconds(1), []);
        var stale = Assert.Single((await runtime.Hub.LeaseAsync(request, CancellationToken.None)).Instances);
        runtime.StartWorker();
        await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(id)).Count > 0);
        await runtime.Client.RaiseEventAsync(id, "go", "x");
        await runtime.EndAsync(id);

        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Waits", null, new HubStartOptions { InstanceId = "waits" });
        InstanceLease current = default;
        await Eventually.TrueAsync(async () =>
        {
            current = (await runtime.Hub.LeaseAsync(request, CancellationToken.None)).Instances.Select(i => i.Lease).FirstOrDefault();
            return current.InstanceId == "waits";
        });
        var commit = new TurnCommit
        {
            Lease = current,
            ExecutionId = "any",
            Turn = 0,
            NewHistory = [],
            ConsumedMessages = [.. stale.Messages.Select(m => m.Id)],
        };

        await Assert.ThrowsAsync<LeaseLostException>(() => runtime.Hub.CommitAsync([commit], CancellationToken.None));
    }

    // Nor do its renewals before it wakes up.
    private sealed class Asleep(ITaskHub inner, Task wakesUp) : OneLease(inner)
    {
        public override async Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken)
        {
            await wakesUp.WaitAsync(cancellationToken);
            return await base.RenewAsync(renewal, cancellationToken);
        }
    }

    // Its renewals never reach the hub.
    private sealed class NoRenewals(ITaskHub inner) : OneLease(inner)
    {
        public override Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken) => Task.FromResult(new LostLeases([], []));
    }

    // It takes no new work: as if its process stood still.
    private abstract class OneLease(ITaskHub inner) : DelegatingTaskHub(inner)
    {
        private int _leases;

        public override Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken) =>
            Volatile.Read(ref _leases) > 0 ? Task.FromResult(new LeasedWork([], [], [], null)) : LeaseOnceAsync(request, cancellationToken);

        private async Task<LeasedWork> LeaseOnceAsync(LeaseRequest request, CancellationToken cancellationToken)
        {
            var work = await base.LeaseAsync(request, cancellationToken);
            Interlocked.Add(ref _leases, work.Instances.Count);
            return work;
        }
    }
}
