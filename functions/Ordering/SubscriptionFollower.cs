using Bibind.Contracts;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>What was done for a tenant to follow its subscription.</summary>
/// <param name="JobId">The job that was ordered.</param>
/// <param name="Note">Why none was, in words.</param>
public sealed record Following(string? JobId, string? Note);

/// <summary>
/// Makes tenants follow their subscriptions. The state of a subscription changes at once; this compares it with the tenant and orders the
/// job that is missing, one at a time, until the tenant is seen to be as it is to be. What cannot be ordered now is looked at again later.
/// </summary>
public sealed class SubscriptionFollower(
    SubscriptionStore subscriptions, TenantOrdering tenants, ISubscriptionOrdering ordering, TimeProvider time, ILogger<SubscriptionFollower> logger)
{
    private const string By = "billing";
    private const int MostDoublings = 6;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>How long the next look is put off after so many vain ones.</summary>
    public static TimeSpan DelayAfter(int attempts) => Pause * Math.Pow(2, Math.Min(attempts, MostDoublings));

    /// <summary>Orders what the tenant lacks, in a transaction that has the subscription locked.</summary>
    public async Task<Following> FollowWithinAsync(UnitOfWork work, LockedSubscription locked)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(locked);
        var subscription = locked.Subscription;
        try
        {
            var step = NextOf(locked);
            var job = step switch
            {
                Step.Suspend => await ordering.SuspendWithinAsync(work, subscription.Tenant, subscription.Suspension ?? SuspensionCauses.Payment, ReasonOf(subscription), By),
                Step.Resume => await ordering.ResumeWithinAsync(work, subscription.Tenant, ReasonOf(subscription), By),
                Step.ChangePlan => await ordering.ChangePlanWithinAsync(
                    work, subscription.Tenant, subscription.Plan, $"The subscription has the plan '{subscription.Plan}'.", By),
                Step.Destroy => await tenants.DestroyWithinAsync(work, subscription.Tenant, subscription.FinalBackup, By),
                _ => null,
            };
            return job is not null ? await OrderedAsync(work, subscription, step, job.Job)
                : step == Step.Wait ? await PutOffAsync(
                    work, subscription, locked.HasJob ? "A job of the tenant's is running." : $"The tenant is {locked.TenantState}.", isFailure: false)
                : await SettleAsync(work, locked);
        }
        catch (ProblemException gone) when (gone.Problem.Kind == "nothing-to-remove")
        {
            return await SettleAsync(work, locked);
        }
        catch (ProblemException refused)
        {
            var isPassing = refused.Problem.Kind == "job-running";
            if (!isPassing)
            {
                Logs.SubscriptionNotFollowed(logger, subscription.Tenant, subscription.State, refused.Problem.Detail);
            }

            return await PutOffAsync(work, subscription, refused.Problem.Detail, isFailure: !isPassing);
        }
    }

    private static Step NextOf(LockedSubscription locked)
    {
        var (subscription, tenant) = (locked.Subscription, locked.TenantState);
        if (tenant is TenantStates.Failed or TenantStates.Terminated or TenantStates.Terminating)
        {
            return Step.None;
        }

        var isServed = subscription.Wish switch
        {
            TenantWish.Removed => Step.Destroy,
            _ when tenant is not (TenantStates.Active or TenantStates.Suspended) => Step.Wait,
            TenantWish.Closed when tenant == TenantStates.Active => Step.Suspend,

            // What somebody else has suspended stays so, unless billing says in words that it is to be opened.
            TenantWish.Open when tenant == TenantStates.Suspended && subscription.MayResume => Step.Resume,
            _ => Step.None,
        };
        var step = isServed == Step.None && locked.TenantPlan != subscription.Plan ? Step.ChangePlan : isServed;

        // What a job leaves is not seen before it has ended: one that was ordered for a wish of before may yet close the tenant.
        return step == Step.None && locked.HasJob ? Step.Wait : step;
    }

    private static string ReasonOf(Subscription subscription) => subscription.State switch
    {
        SubscriptionStates.Expired => "The trial has ended.",
        SubscriptionStates.Suspended when subscription.Suspension == SuspensionCauses.Operator => "Billing has suspended the subscription.",
        SubscriptionStates.Suspended => "The subscription is not paid.",
        var state => $"The subscription is {state}.",
    };

    private async Task<Following> OrderedAsync(UnitOfWork work, Subscription subscription, Step step, string job)
    {
        await subscriptions.NoteFollowingAsync(
            work.Connection, work.Transaction,
            subscription with
            {
                FollowAt = time.GetUtcNow() + DelayAfter(subscription.FollowAttempts),
                FollowAttempts = subscription.FollowAttempts + 1,
                FollowReason = $"Job '{job}' is at it.",
                FollowJob = job,
                MayResume = step == Step.Suspend || subscription.MayResume,
            },
            work.CancellationToken);
        Logs.SubscriptionFollowed(logger, subscription.Tenant, subscription.State, job);
        return new Following(job, null);
    }

    private async Task<Following> PutOffAsync(UnitOfWork work, Subscription subscription, string reason, bool isFailure)
    {
        await subscriptions.NoteFollowingAsync(
            work.Connection, work.Transaction,
            subscription with
            {
                FollowAt = time.GetUtcNow() + (isFailure ? DelayAfter(subscription.FollowAttempts) : Pause),
                FollowAttempts = subscription.FollowAttempts + (isFailure ? 1 : 0),
                FollowReason = reason,
            },
            work.CancellationToken);
        return new Following(null, $"The tenant follows later: {reason}");
    }

    private async Task<Following> SettleAsync(UnitOfWork work, LockedSubscription locked)
    {
        var subscription = locked.Subscription;
        await subscriptions.NoteFollowingAsync(
            work.Connection, work.Transaction,
            subscription with
            {
                FollowAt = null,
                FollowAttempts = 0,
                FollowReason = null,
                MayResume = subscription.MayResume && locked.TenantState != TenantStates.Active,
            },
            work.CancellationToken);
        return new Following(null, $"The tenant is {locked.TenantState} already.");
    }

    /// <summary>What the tenant lacks next.</summary>
    private enum Step
    {
        None,
        Wait,
        Suspend,
        Resume,
        ChangePlan,
        Destroy,
    }
}
