using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders to suspend tenants, to open them again and to give them other plans: rows and orchestration in one transaction.</summary>
public sealed class SuspensionOrdering(
    CommandTransaction transactions, SuspensionOpening opening, PlanChangeOpening plans, BackupOrdering restores, JobStore jobs) : ISubscriptionOrdering
{
    /// <summary>Orders that an active tenant is suspended.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be suspended now.</exception>
    public Task<OrderResponse> SuspendAsync(
        string code, string cause, string reason, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(request, async work => Accept(await SuspendWithinAsync(work, code, cause, reason, requestedBy)), cancellation);

    /// <summary>Orders that a suspended tenant is opened again.</summary>
    /// <param name="code">The tenant's.</param>
    /// <param name="reason">Why, where that was said.</param>
    /// <param name="requestedBy">Who orders it.</param>
    /// <param name="request">The call.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">404 or 409: it cannot be opened now.</exception>
    public Task<OrderResponse> ResumeAsync(string code, string? reason, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return transactions.RunAsync(
            request, async work => Accept(await ResumeAsync(work, code, reason, requestedBy, isCustomers: request.Customer is not null)), cancellation);
    }

    /// <summary>Orders that a tenant gets another plan.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it cannot have it.</exception>
    public Task<OrderResponse> ChangePlanAsync(
        string code, string plan, string reason, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(request, async work => Accept(await ChangePlanWithinAsync(work, code, plan, reason, requestedBy)), cancellation);

    /// <inheritdoc/>
    public async Task<TenantAccepted> SuspendWithinAsync(UnitOfWork work, string code, string cause, string reason, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = await opening.OpenSuspendAsync(work.Connection, work.Transaction, code, cause, reason, requestedBy, work.CancellationToken);
        if (result is not SuspensionResult.Suspending(var order))
        {
            throw new ProblemException(OrderProblems.Of(result, code));
        }

        await work.StartAsync(Orchestrations.SuspendTenant, order, order.JobId, JobKinds.Suspend, order.Code, requestedBy);
        await NoteAsync(work, order.JobId, reason);
        return new TenantAccepted(order.Code, TenantStates.Suspended, order.JobId);
    }

    /// <inheritdoc/>
    public Task<TenantAccepted> ResumeWithinAsync(UnitOfWork work, string code, string reason, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ResumeAsync(work, code, reason, requestedBy, isCustomers: false);
    }

    /// <inheritdoc/>
    public async Task<TenantAccepted> ChangePlanWithinAsync(UnitOfWork work, string code, string plan, string reason, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = await plans.OpenAsync(work.Connection, work.Transaction, code, plan, requestedBy, work.CancellationToken);
        if (result is not SuspensionResult.PlanChanging(var order, var state))
        {
            throw new ProblemException(OrderProblems.Of(result, code));
        }

        await work.StartAsync(Orchestrations.ChangePlan, order, order.JobId, JobKinds.ChangePlan, order.Code, requestedBy, order.Plan);
        await NoteAsync(work, order.JobId, reason);
        return new TenantAccepted(order.Code, state, order.JobId);
    }

    private async Task<TenantAccepted> ResumeAsync(UnitOfWork work, string code, string? reason, string requestedBy, bool isCustomers)
    {
        var result = await opening.OpenLiftAsync(work.Connection, work.Transaction, code, requestedBy, mayLift: !isCustomers, work.CancellationToken);
        var accepted = result switch
        {
            SuspensionResult.Lifting(var order) => await LiftAsync(work, order, requestedBy),
            SuspensionResult.LeftByRestore => await restores.ResumeWithinAsync(work, code, requestedBy),
            _ => throw new ProblemException(OrderProblems.Of(result, code)),
        };
        await NoteAsync(work, accepted.Job, reason);
        return accepted;
    }

    private static async Task<TenantAccepted> LiftAsync(UnitOfWork work, LiftSuspensionOrder order, string requestedBy)
    {
        await work.StartAsync(Orchestrations.LiftSuspension, order, order.JobId, JobKinds.Resume, order.Code, requestedBy);
        return new TenantAccepted(order.Code, TenantStates.Suspended, order.JobId);
    }

    private Task NoteAsync(UnitOfWork work, string job, string? reason) => string.IsNullOrWhiteSpace(reason)
        ? Task.CompletedTask
        : jobs.AddNotesAsync(work.Connection, work.Transaction, job, [$"Ordered because: {reason}"], work.CancellationToken);

    private static AcceptedOrder Accept(TenantAccepted accepted) => new(JobLocation.Of(accepted.Job), accepted);
}
