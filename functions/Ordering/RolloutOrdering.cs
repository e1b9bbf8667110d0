using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Rollouts;
using Bibind.Durable;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders about rollouts: rows and orchestration in one transaction, and a message that has it looked at at once.</summary>
public sealed class RolloutOrdering(
    CommandTransaction transactions, RolloutOpening opening, RolloutSteering steering, JobOrchestrations orchestrations, DurableTaskClient client,
    IOptions<RolloutOptions> options)
{
    /// <summary>Starts a rollout.</summary>
    /// <param name="wanted">What, to whom and how.</param>
    /// <param name="show">What the caller is told.</param>
    /// <param name="request">The caller's.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">409 or 422: it cannot begin.</exception>
    public Task<OrderResponse> StartAsync(NewRollout wanted, Func<Rollout, object> show, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var rollout = Require(await opening.OpenAsync(work.Connection, work.Transaction, wanted, work.CancellationToken)).Rollout;
                await RunAsync(work, rollout, wanted.RequestedBy);
                return new AcceptedOrder(LocationOf(rollout.Id), show(rollout));
            },
            cancellation);

    /// <summary>Says what a rollout would do; nothing is changed.</summary>
    /// <exception cref="ProblemException">422: it would be refused.</exception>
    public async Task<RolloutPlan> PreviewAsync(NewRollout wanted, CancellationToken cancellation)
    {
        var (plan, refused) = await opening.PlanAsync(wanted, cancellation);
        return plan ?? throw new ProblemException(ProblemOf(refused!));
    }

    /// <summary>Steers a rollout, or a tenant in it.</summary>
    /// <param name="wish">What is wanted.</param>
    /// <param name="show">What the caller is told.</param>
    /// <param name="request">The caller's.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">404 or 409: it cannot be.</exception>
    public async Task<OrderResponse> SteerAsync(RolloutWish wish, Func<RolloutResult.Done, object> show, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wish);
        string? instance = null;
        var answer = await transactions.RunAsync(
            request,
            async work =>
            {
                var done = Require(wish.Tenant is null
                    ? await steering.SteerAsync(work.Connection, work.Transaction, wish, work.CancellationToken)
                    : await steering.SteerTenantAsync(work.Connection, work.Transaction, wish, work.CancellationToken));
                instance = await KeepRunningAsync(work, done.Rollout, wish.Who);
                return new AcceptedOrder(LocationOf(wish.RolloutId), show(done)) { Status = StatusCodes.Status200OK };
            },
            cancellation);

        // If it is lost, the next round finds the change all the same.
        await (instance is null ? Task.CompletedTask : client.RaiseEventAsync(instance, Rollouts.SteerEvent, Unit.Value, cancellation));
        return answer;
    }

    // Somebody may have ended its orchestration from outside: whoever steers it wants it to go on.
    private async Task<string> KeepRunningAsync(UnitOfWork work, Rollout rollout, string who)
    {
        if (rollout.EndedAt is null && (await orchestrations.FindStoppedAsync([rollout.Instance], work.CancellationToken)).Length > 0
            && await RolloutSteering.CountRunAsync(work.Connection, work.Transaction, rollout, work.CancellationToken) is { } next)
        {
            await RunAsync(work, next, who);
            return next.Instance;
        }

        return rollout.Instance;
    }

    private Task RunAsync(UnitOfWork work, Rollout rollout, string who) => work.StartAsync(
        Orchestrations.RunRollout,
        new RunRolloutOrder { RolloutId = rollout.Id, Run = rollout.Runs, Every = options.Value.Interval },
        new JobToStart(rollout.Instance, JobKinds.Rollout, $"{rollout.Offer} {rollout.Version}", who) { Tag = new("offer", rollout.Offer) });

    private static string LocationOf(long id) => FormattableString.Invariant($"/api/rollouts/{id}");

    private static RolloutResult.Done Require(RolloutResult result) => result as RolloutResult.Done ?? throw new ProblemException(ProblemOf(result));

    private static Problem ProblemOf(RolloutResult refused) => refused switch
    {
        RolloutResult.NotFound gone => ProblemFactory.NotFound(gone.Message),
        RolloutResult.Invalid wrong => ProblemFactory.Invalid(wrong.Errors),
        RolloutResult.AnotherOpen other => ProblemFactory.Conflict("rollout-open", "Another rollout of the offer is not over", other.Message, "offer"),
        RolloutResult.WrongState wrong => ProblemFactory.Conflict("rollout-state", "The state of the rollout does not allow it", wrong.Message),
        _ => throw new InvalidOperationException($"A wish about a rollout cannot end as {refused.GetType().Name}."),
    };
}
