using Bibind.Contracts;
using Bibind.ControlPlane.UsageLimits;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>
/// Suspends tenants that still use more than they may after their grace, and opens those that are within their limits again. Each is looked at again when
/// its row is locked: a limit that was raised, or a new measurement, counts until the last moment.
/// </summary>
internal sealed class LimitOrdering(CommandTransaction transactions, LimitStore limits, ISubscriptionOrdering ordering, ILogger<LimitOrdering> logger)
{
    private const string WithinLimits = "It is within its limits again.";

    /// <summary>Suspends; answers how many.</summary>
    public async Task<int> SuspendAsync(TimeSpan maxAge, int most, CancellationToken cancellation)
    {
        var suspended = 0;
        foreach (var tenant in await limits.FindToSuspendAsync(maxAge, most, cancellation))
        {
            suspended += await TryAsync(
                tenant,
                async work => await limits.ExplainAsync(work.Connection, work.Transaction, tenant, maxAge, cancellation) is { } reason
                    ? await ordering.SuspendWithinAsync(work, tenant.Code, SuspensionCauses.Quota, reason, LimitStore.By)
                    : null,
                cancellation) ? 1 : 0;
        }

        return suspended;
    }

    /// <summary>Opens; answers how many.</summary>
    public async Task<int> OpenAsync(int most, CancellationToken cancellation)
    {
        var opened = 0;
        foreach (var tenant in await limits.FindToOpenAsync(most, cancellation))
        {
            opened += await TryAsync(
                tenant,
                async work => await LimitStore.MayOpenAsync(work.Connection, work.Transaction, tenant, cancellation)
                    ? await ordering.ResumeWithinAsync(work, tenant.Code, WithinLimits, LimitStore.By)
                    : null,
                cancellation) ? 1 : 0;
        }

        return opened;
    }

    // One that cannot be changed now is not in the way of the others, and comes again.
    private async Task<bool> TryAsync(LimitedTenant tenant, Func<UnitOfWork, Task<TenantAccepted?>> order, CancellationToken cancellation)
    {
        try
        {
            return await transactions.RunAsync(order, cancellation) is not null;
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested && !TransientDatabaseError.Is(failed))
        {
            Logs.LimitNotFollowed(logger, tenant.Code, failed is ProblemException refused ? refused.Problem.Detail : failed.Message);
            return false;
        }
    }
}
