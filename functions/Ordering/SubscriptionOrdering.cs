using Bibind.ControlPlane.Subscriptions;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Ordering;

/// <summary>What an operator wants of a subscription.</summary>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="Change">What is to be changed.</param>
/// <param name="Who">Who wants it.</param>
/// <param name="Why">Why.</param>
public sealed record SubscriptionWish(string Tenant, SubscriptionEvent.Edited Change, string Who, string Why);

/// <summary>Changes subscriptions: record, clock and the tenant's job in one transaction.</summary>
public sealed class SubscriptionOrdering(
    CommandTransaction transactions, SubscriptionStore subscriptions, SubscriptionFollower follower, SubscriptionViews views, TimeProvider time)
{
    /// <summary>Changes a subscription by hand.</summary>
    /// <param name="wish">What is wanted.</param>
    /// <param name="expected">Versions of which one must be there; null for whatever is there.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">404, 409, 412 or 422: it cannot be changed so.</exception>
    public async Task<Subscription> ChangeAsync(SubscriptionWish wish, IReadOnlyCollection<string>? expected, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await transactions.RunAsync(
            async work =>
            {
                await ChangeWithinAsync(work, wish, expected);
                return true;
            },
            cancellation);
        return await views.FindAsync(wish.Tenant, cancellation) ?? throw NotFound();
    }

    /// <summary>Applies what has happened, and what has fallen due by then; answers what is done for the tenant.</summary>
    public async Task<Following> ApplyWithinAsync(
        UnitOfWork work, LockedSubscription locked, SubscriptionEvent happened, Subscription next, SubscriptionCause cause, string reason)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(locked);
        ArgumentNullException.ThrowIfNull(happened);
        var changes = new List<SubscriptionChange> { new(locked.Subscription, next, happened.Name, reason) };
        changes.AddRange(SubscriptionClock.Run(next, locked.Terms, time.GetUtcNow())
            .Select(s => new SubscriptionChange(s.Before, s.After, s.Event, SubscriptionRounds.WhyOf(s))));
        await subscriptions.SaveAsync(work.Connection, work.Transaction, changes, cause, work.CancellationToken);
        return changes.Exists(c => c.IsToBeFollowed)
            ? await follower.FollowWithinAsync(work, locked with { Subscription = changes[^1].After with { FollowAttempts = 0 } })
            : new Following(null, null);
    }

    /// <summary>Looks at a tenant whose turn it is; false if another machine does, or it is not its turn any more.</summary>
    public Task<bool> FollowAsync(long id, CancellationToken cancellation) => transactions.RunAsync(
        async work =>
        {
            if (await subscriptions.ClaimAsync(work.Connection, work.Transaction, id, time.GetUtcNow(), work.CancellationToken) is not { } locked)
            {
                return false;
            }

            await follower.FollowWithinAsync(work, locked);
            return true;
        },
        cancellation);

    private async Task ChangeWithinAsync(UnitOfWork work, SubscriptionWish wish, IReadOnlyCollection<string>? expected)
    {
        var locked = await subscriptions.LockAsync(work.Connection, work.Transaction, wish.Tenant, work.CancellationToken) ?? throw NotFound();
        var tag = TagOf(locked.Subscription);
        if (expected is not null && !expected.Contains(tag))
        {
            throw new ProblemException(EntityTag.Stale($"The subscription of '{wish.Tenant}'", tag));
        }

        if (wish.Change.Plan is { } plan && plan != locked.Subscription.Plan
            && await subscriptions.FindWrongPlanAsync(work.Connection, work.Transaction, plan, work.CancellationToken) is { } wrong)
        {
            throw new ProblemException(ProblemFactory.Invalid("plan", wrong));
        }

        switch (SubscriptionMachine.Apply(locked.Subscription, wish.Change, locked.Terms))
        {
            case SubscriptionOutcome.Refused refused:
                throw new ProblemException(ProblemFactory.Conflict("subscription-ended", "The subscription has ended", refused.Reason));
            case SubscriptionOutcome.Done done when done.Next != locked.Subscription:
                await ApplyWithinAsync(work, locked, wish.Change, done.Next, new SubscriptionCause(SubscriptionCause.Api, null, wish.Who), wish.Why);
                break;
        }
    }

    /// <summary>The version that a change is to name.</summary>
    internal static string TagOf(Subscription subscription) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{subscription.Id}.{subscription.Version}");

    private static ProblemException NotFound() => new(ProblemFactory.NoSuchTenant);
}
