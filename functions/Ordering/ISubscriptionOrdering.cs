namespace Bibind.Functions.Ordering;

/// <summary>
/// Orders what follows from a subscription, each in a transaction of the caller's that a refusal leaves usable. A refusal is a
/// <see cref="Problems.ProblemException"/>: <c>not-found</c>, <c>job-running</c>, <c>already-suspended</c>, <c>not-suspended</c>,
/// <c>same-plan</c>, <c>unknown-plan</c>, or <c>not-active</c> where the tenant's state leaves no way.
/// </summary>
public interface ISubscriptionOrdering
{
    /// <summary>Orders that an active tenant is suspended, for one of <see cref="Contracts.SuspensionCauses"/>.</summary>
    Task<TenantAccepted> SuspendWithinAsync(UnitOfWork work, string code, string cause, string reason, string requestedBy);

    /// <summary>Orders that a suspended tenant is opened again.</summary>
    Task<TenantAccepted> ResumeWithinAsync(UnitOfWork work, string code, string reason, string requestedBy);

    /// <summary>Orders that a tenant, active or suspended, gets another plan, in that plan's newest version.</summary>
    Task<TenantAccepted> ChangePlanWithinAsync(UnitOfWork work, string code, string plan, string reason, string requestedBy);
}
