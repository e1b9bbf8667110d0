using System.Globalization;
using Bibind.ControlPlane.Billing;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Queues.Billing;

/// <summary>
/// Applies what billing says. What it does and the record that it was done are one transaction, hence a message takes effect
/// once, however often and by however many hosts it is handled.
/// </summary>
public sealed class BillingHandler(
    CommandTransaction transactions, BillingInbox inbox, BillingBacklog backlog, BillingEffects effects, BillingNotices notices,
    ILogger<BillingHandler> logger)
{
    private const int LongestReason = 2000;

    // Problems that go away by themselves, or by what an operator does about them.
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        "job-running", "template-not-ready", "no-active-server", "no-capacity",
    };

    /// <summary>Takes a message that was delivered.</summary>
    public async Task<BillingRecord> TakeAsync(BillingMessage message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        var done = await transactions.RunAsync(
            async work =>
            {
                var (result, isNew) = await ApplyAsync(message, work);
                if (isNew)
                {
                    await inbox.RecordAsync(work.Connection, work.Transaction, message, result, work.CancellationToken);
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

    private async Task<BillingRecord> RetryAsync(BillingMessage found, UnitOfWork work)
    {
        if (await inbox.TakeWaitingAsync(work.Connection, work.Transaction, found, work.CancellationToken) is not { } message)
        {
            return new BillingRecord(BillingStates.Done, "Another has handled it meanwhile.");
        }

        var (done, isNew) = await ApplyAsync(message, work);
        if (isNew && await inbox.RecordRetryAsync(work.Connection, work.Transaction, message.Id, done, work.CancellationToken))
        {
            Logs.BillingRetried(logger, message.Id, message.Type, message.Tenant, message.Sequence, done.State, done.Reason ?? done.JobId ?? "nothing to say");
        }

        return done;
    }

    /// <summary>What becomes of it, and whether that is to be recorded.</summary>
    private async Task<(BillingRecord Done, bool IsNew)> ApplyAsync(BillingMessage message, UnitOfWork work)
    {
        switch (await inbox.BeginAsync(work.Connection, work.Transaction, message, work.CancellationToken))
        {
            case BillingTurn.Settled settled:
                return (new BillingRecord(settled.State, "It was delivered before.", JobId: settled.JobId), false);
            case BillingTurn.Foreign foreign:
                return (new BillingRecord(BillingStates.Refused, foreign.Reason), false);
            case BillingTurn.Never never:
                return (new BillingRecord(BillingStates.Refused, never.Reason), true);
            case BillingTurn.Waits waits:
                return (new BillingRecord(BillingStates.Waiting, waits.Reason, waits.Cause), true);
            case BillingTurn.Due due:
                // A new tenant wakes those that were parked because nobody knew it.
                return (await TryAsync(message, due, work) with { MayBeAwaited = due.IsAwaited || message.Type == BillingTypes.Created }, true);
            default:
                throw new InvalidOperationException("A message has its turn, or has it not.");
        }
    }

    private async Task<BillingRecord> TryAsync(BillingMessage message, BillingTurn.Due due, UnitOfWork work)
    {
        BillingRecord done;
        try
        {
            done = message.Type == BillingTypes.Created
                ? await effects.ProvisionAsync(message, due, work)
                : await effects.ChangeAsync(message, due, work);
        }
        catch (ProblemException refused)
        {
            var words = BillingCommands.Words(refused);
            done = Passing.Contains(refused.Problem.Kind) ? new BillingRecord(BillingStates.Waiting, words, BillingCauses.NotNow)
                : new BillingRecord(
                    BillingStates.Parked, words, refused.Problem.Kind == ProblemFactory.InvalidCommand ? BillingCauses.Invalid : BillingCauses.Conflict);
        }

        if (done.State == BillingStates.Waiting)
        {
            return done;
        }

        if (done.State == BillingStates.Parked)
        {
            notices.Parked(message, done.Reason!);
        }

        if (due.Gap is { } gap)
        {
            await notices.GapPassedAsync(work, message, gap);
            done = done with { Reason = $"{Words(gap)} never came and {(gap.First == gap.Last ? "was" : "were")} passed. {done.Reason}".TrimEnd() };
        }

        return done.Reason?.Length > LongestReason ? done with { Reason = $"{done.Reason[..LongestReason]}…" } : done;
    }

    private static string Words(BillingGap gap) => gap.First == gap.Last
        ? string.Create(CultureInfo.InvariantCulture, $"Number {gap.First}")
        : string.Create(CultureInfo.InvariantCulture, $"Numbers {gap.First} to {gap.Last}");
}
