using Bibind.ControlPlane.Billing;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Queues.Billing;

/// <summary>What became of a message.</summary>
/// <param name="State">One of <see cref="BillingStates"/>.</param>
/// <param name="Reason">In words, where there is something to say.</param>
/// <param name="JobId">The job that it started.</param>
public sealed record BillingDone(string State, string? Reason = null, string? JobId = null);

/// <summary>
/// Applies what billing says. What it does and the record that it was done are one transaction, hence a message takes effect
/// once, however often and by however many hosts it is handled.
/// </summary>
public sealed class BillingHandler(
    CommandTransaction transactions, BillingInbox inbox, BillingBacklog backlog, TenantOrdering ordering, ILogger<BillingHandler> logger)
{
    private const string Caller = "billing";

    // Problems that go away by themselves, or by what an operator does about them.
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        "job-running", "template-not-ready", "no-active-server", "no-capacity",
    };

    /// <summary>Takes a message that was delivered.</summary>
    public async Task<BillingDone> TakeAsync(BillingMessage message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        var done = await transactions.RunAsync(
            async work =>
            {
                var (result, isNew) = await ApplyAsync(message, work);
                if (isNew)
                {
                    await inbox.RecordAsync(work.Connection, work.Transaction, message, result.State, result.Reason, result.JobId, work.CancellationToken);
                }

                return result;
            },
            cancellation);
        Logs.BillingTaken(logger, message.Id, message.Type, message.Tenant, message.Sequence, done.State, done.Reason ?? done.JobId ?? "nothing to say");
        return done;
    }

    /// <summary>Applies the messages of a tenant that wait, one after the other, until one goes on waiting; answers how many do no longer.</summary>
    public async Task<int> RetryWaitingAsync(string tenant, CancellationToken cancellation)
    {
        for (var settled = 0; ; settled++)
        {
            if (await backlog.FindFirstAsync(tenant, cancellation) is not { } first
                || (await transactions.RunAsync(work => RetryAsync(first, work), cancellation)).State == BillingStates.Waiting)
            {
                return settled;
            }
        }
    }

    private async Task<BillingDone> RetryAsync(BillingMessage found, UnitOfWork work)
    {
        if (await inbox.TakeWaitingAsync(work.Connection, work.Transaction, found, work.CancellationToken) is not { } message)
        {
            return new BillingDone(BillingStates.Done, "Another has handled it meanwhile.");
        }

        var (done, isNew) = await ApplyAsync(message, work);
        if (isNew && await inbox.RecordRetryAsync(
            work.Connection, work.Transaction, message.Id, done.State, done.Reason, done.JobId, work.CancellationToken))
        {
            Logs.BillingRetried(logger, message.Id, message.Type, message.Tenant, message.Sequence, done.State, done.Reason ?? done.JobId ?? "nothing to say");
        }

        return done;
    }

    /// <summary>What becomes of it, and whether that is to be recorded.</summary>
    private async Task<(BillingDone Done, bool IsNew)> ApplyAsync(BillingMessage message, UnitOfWork work)
    {
        switch (await inbox.BeginAsync(work.Connection, work.Transaction, message, work.CancellationToken))
        {
            case BillingTurn.Settled settled:
                return (new BillingDone(settled.State, "It was delivered before.", settled.JobId), false);
            case BillingTurn.Foreign foreign:
                return (new BillingDone(BillingStates.Refused, foreign.Reason), false);
            case BillingTurn.Never never:
                return (new BillingDone(BillingStates.Refused, never.Reason), true);
            case var _ when BillingTypes.NotYet.Contains(message.Type, StringComparer.Ordinal):
                return (new BillingDone(BillingStates.Parked, $"{message.Type} is kept until a version comes that applies it."), true);
            case BillingTurn.Waits waits:
                return (new BillingDone(BillingStates.Waiting, waits.Reason), true);
            default:
                return (await TryAsync(message, work), true);
        }
    }

    private async Task<BillingDone> TryAsync(BillingMessage message, UnitOfWork work)
    {
        try
        {
            return message.Type == BillingTypes.Created
                ? await ProvisionAsync(message, work)
                : await DestroyAsync(message, work);
        }
        catch (ProblemException refused)
        {
            return new BillingDone(Passing.Contains(refused.Problem.Kind) ? BillingStates.Waiting : BillingStates.Refused, BillingCommands.Words(refused));
        }
    }

    private async Task<BillingDone> ProvisionAsync(BillingMessage message, UnitOfWork work)
    {
        var order = await BillingCommands.ReadOrderAsync(
            message, Caller, (given, isWhole) => ordering.FindWrongAsync(given, isRefused: !isWhole, work.CancellationToken));
        return new BillingDone(BillingStates.Done, JobId: (await ordering.OrderWithinAsync(work, order)).Job);
    }

    private async Task<BillingDone> DestroyAsync(BillingMessage message, UnitOfWork work)
    {
        var wish = await BillingCommands.ReadCancellationAsync(message);
        if (wish.When == SubscriptionCancelled.PeriodEnd)
        {
            return new BillingDone(BillingStates.Parked, "A cancellation at the period's end is kept until a version comes that applies it.");
        }

        try
        {
            return new BillingDone(
                BillingStates.Done,
                JobId: (await ordering.DestroyWithinAsync(work, message.Tenant, wish.FinalBackup, Caller)).Job);
        }
        catch (ProblemException gone) when (gone.Problem.Kind == "nothing-to-remove")
        {
            return new BillingDone(BillingStates.Done, gone.Problem.Detail);
        }
        catch (ProblemException unknown) when (unknown.Problem.Kind == "not-found")
        {
            return new BillingDone(BillingStates.Waiting, $"{unknown.Problem.Detail} Perhaps its {BillingTypes.Created} is still on its way.");
        }
    }
}
