using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Suspensions;

/// <summary>Finds the place of a tenant that the endpoint has suspended.</summary>
public sealed class BeginSuspension(SuspensionLifecycle suspensions) : TaskActivity<SuspendTenantOrder, TenantDescriptor>
{
    /// <inheritdoc/>
    public override Task<TenantDescriptor> RunAsync(TaskActivityContext context, SuspendTenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        return suspensions.ConfirmAsync(order.TenantId, order.JobId, context.CancellationToken);
    }
}

/// <summary>Makes a tenant's database refuse everybody.</summary>
public sealed class ShutSuspendedDatabase(SuspendedDatabases databases) : TaskActivity<TenantDescriptor, DatabaseShut>
{
    /// <inheritdoc/>
    public override Task<DatabaseShut> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        return databases.ShutAsync(place, context.CancellationToken);
    }
}

/// <summary>Takes the order of a suspension back.</summary>
public sealed class TakeSuspensionBack(SuspensionLifecycle suspensions) : TaskActivity<SuspendTenantOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, SuspendTenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await context.EnsureLeaseHeldAsync();
        await suspensions.LiftAsync(order.TenantId, order.JobId, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Ends the job that suspends.</summary>
public sealed class EndSuspension(SuspensionLifecycle suspensions) : TaskActivity<SuspensionEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, SuspensionEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        await suspensions.EndSuspendAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Finds the place of a tenant that is to be opened; nothing keeps it suspended from then on.</summary>
public sealed class BeginLift(SuspensionLifecycle suspensions) : TaskActivity<LiftSuspensionOrder, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, LiftSuspensionOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await context.EnsureLeaseHeldAsync();
        var place = await suspensions.ConfirmAsync(order.TenantId, order.JobId, context.CancellationToken);
        await suspensions.LiftAsync(order.TenantId, order.JobId, context.CancellationToken);
        return place;
    }
}

/// <summary>Keeps a tenant suspended that could not be opened.</summary>
public sealed class KeepSuspended(SuspensionLifecycle suspensions) : TaskActivity<LiftSuspensionOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, LiftSuspensionOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await context.EnsureLeaseHeldAsync();
        await suspensions.KeepAsync(order.TenantId, order.JobId, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Ends the job that opens.</summary>
public sealed class EndLift(SuspensionLifecycle suspensions) : TaskActivity<LiftEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, LiftEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        await suspensions.EndLiftAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Gives a tenant's bucket the quota of the plan that it has by now.</summary>
public sealed class FollowPlanQuota(IStorageUsers users, TenantStore tenants) : TaskActivity<TenantJob, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantJob job)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(job);
        if (users.IsOn)
        {
            var place = await tenants.GetPlaceAsync(job.TenantId, job.JobId, context.CancellationToken);
            await context.EnsureLeaseHeldAsync();
            await users.FollowPlanAsync(place, context.CancellationToken);
        }

        return Unit.Value;
    }
}

/// <summary>Ends a change of plan.</summary>
public sealed class EndPlanChange(PlanChangeOpening plans) : TaskActivity<PlanChangeEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, PlanChangeEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        await plans.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
