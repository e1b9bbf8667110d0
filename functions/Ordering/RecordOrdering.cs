using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Ordering;

/// <summary>What a record of a console asks for about a tenant that is there.</summary>
/// <param name="Tenant">The tenant's code.</param>
public abstract record RecordWish(string Tenant)
{
    /// <summary>Its subscription changes; the tenant follows, at once or later.</summary>
    /// <param name="Tenant">The tenant's code.</param>
    /// <param name="Happened">What happens.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="What">To recognise a repetition by.</param>
    public sealed record Change(string Tenant, SubscriptionEvent Happened, string Reason, WebhookEvent What) : RecordWish(Tenant);

    /// <summary>A host name of the customer's own.</summary>
    /// <param name="Tenant">The tenant's code.</param>
    /// <param name="Name">The name.</param>
    public sealed record AddDomain(string Tenant, string Name) : RecordWish(Tenant);

    /// <summary>A backup.</summary>
    /// <param name="Tenant">The tenant's code.</param>
    /// <param name="What">To recognise a repetition by.</param>
    public sealed record BackUp(string Tenant, WebhookEvent What) : RecordWish(Tenant);
}

/// <summary>What was done about a record.</summary>
/// <param name="State">The tenant's state now.</param>
/// <param name="Job">The job that does it; null if none has begun, or none is needed.</param>
/// <param name="Note">What is to be said about it; null if nothing is.</param>
/// <param name="IsRepeated">True if the record had asked for it before.</param>
public sealed record RecordResult(string State, string? Job, string? Note, bool IsRepeated)
{
    /// <summary>The tenant's code.</summary>
    public required string Tenant { get; init; }
}

/// <summary>
/// Does what records ask for, each in one transaction with the memory of it: the same event twice is done once. State, plan and end go through the
/// subscription, for Odoo does not come again: what cannot be done at once is done later.
/// </summary>
public sealed class RecordOrdering(
    CommandTransaction transactions, WebhookEventLedger ledger, SubscriptionStore subscriptions, SubscriptionOrdering changes, DomainOrdering domains,
    BackupOrdering backups, TenantStore tenants, JobStore jobs, IOptions<WebhookOptions> options, TimeProvider time, ILogger<RecordOrdering> logger)
{
    /// <summary>Does what a record asks for, unless it has been done.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it cannot be done.</exception>
    public Task<RecordResult> DoAsync(RecordWish wish, WebhookRecord record, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wish);
        ArgumentNullException.ThrowIfNull(record);
        if (wish is RecordWish.AddDomain domain)
        {
            // Said before anything is looked up, as of every name.
            wish = domain with { Name = domains.Check(domain.Name) };
        }

        return transactions.RunAsync(work => DoWithinAsync(work, wish, record), cancellation);
    }

    private async Task<RecordResult> DoWithinAsync(UnitOfWork work, RecordWish wish, WebhookRecord record)
    {
        var key = new WebhookRecordKey(record.Caller, record.Model, record.RecordId);
        var what = wish switch
        {
            RecordWish.Change change => change.What,
            RecordWish.BackUp backup => backup.What,
            _ => null,
        };
        var earlier = await ledger.BeginAsync(work.Connection, work.Transaction, key, what?.Topic, work.CancellationToken);
        var tenant = await ledger.FindTenantAsync(work.Connection, work.Transaction, wish.Tenant, work.CancellationToken);
        if (tenant is null || (record.Customer is not null && tenant.Customer != record.Customer))
        {
            // Another's is answered as what does not exist.
            throw new ProblemException(ProblemFactory.NoSuchTenant);
        }

        if (earlier is not null && what is not null && IsRepeated(earlier, what, tenant))
        {
            Logs.WebhookEventRepeated(logger, record.Caller, record.Model, record.RecordId, what.Topic, wish.Tenant);
            return new RecordResult(tenant.State, earlier.JobId, earlier.Note, IsRepeated: true) { Tenant = wish.Tenant };
        }

        var (job, note, isKnown) = wish switch
        {
            RecordWish.Change change => await ChangeAsync(work, change, record),
            RecordWish.AddDomain domain => await AddDomainAsync(work, domain, tenant, record),
            RecordWish.BackUp => ((await backups.BackUpWithinAsync(work, wish.Tenant, record.Caller)).Job, (string?)null, false),
            _ => throw new InvalidOperationException($"{wish.GetType().Name} is nothing that a record asks for."),
        };
        if (job is not null && !isKnown && record.Notes.Count > 0)
        {
            await jobs.AddNotesAsync(work.Connection, work.Transaction, job, record.Notes, work.CancellationToken);
        }

        if (what is not null)
        {
            await ledger.RecordAsync(work.Connection, work.Transaction, key, what, tenant.Id, job, note, work.CancellationToken);
        }

        var state = await tenants.GetStateAsync(work.Connection, work.Transaction, tenant.Id, work.CancellationToken);
        return new RecordResult(state, job, note, isKnown) { Tenant = wish.Tenant };
    }

    // A backup is no state: who asks again later wants another one.
    private bool IsRepeated(EarlierWebhookEvent earlier, WebhookEvent what, WebhookTenant tenant) =>
        earlier.Fingerprint == what.Fingerprint && earlier.TenantId == tenant.Id
        && (what.Topic != WebhookEvent.Backup || earlier.IsJobOpen || time.GetUtcNow() - earlier.ReceivedAt < options.Value.RepeatWindow);

    private async Task<(string? Job, string? Note, bool IsKnown)> ChangeAsync(UnitOfWork work, RecordWish.Change change, WebhookRecord record)
    {
        var locked = await subscriptions.LockAsync(work.Connection, work.Transaction, change.Tenant, work.CancellationToken)
            ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
        if (change.Happened is SubscriptionEvent.PlanChanged { Plan: var plan } && plan != locked.Subscription.Plan
            && await subscriptions.FindWrongPlanAsync(work.Connection, work.Transaction, plan, work.CancellationToken) is { } wrong)
        {
            throw new ProblemException(ProblemFactory.Invalid("plan", wrong));
        }

        switch (SubscriptionMachine.Apply(locked.Subscription, change.Happened, locked.Terms))
        {
            case SubscriptionOutcome.Done done when done.Next == locked.Subscription:
                return (null, done.Note ?? "Nothing had to be changed.", false);
            case SubscriptionOutcome.Done done:
                var cause = new SubscriptionCause(SubscriptionCause.Message, FormattableString.Invariant($"{record.Model} {record.RecordId}"), record.Caller);
                var following = await changes.ApplyWithinAsync(work, locked, change.Happened, done.Next, cause, change.Reason);
                return (following.JobId, NoteOf(done, following), false);
            case SubscriptionOutcome.Passed passed when change.Happened is SubscriptionEvent.Cancelled:
                return (null, passed.Reason, false);
            case SubscriptionOutcome.Passed passed:
                throw Ended(passed.Reason);
            case SubscriptionOutcome.Refused refused:
                throw Ended(refused.Reason);
            default:
                throw new InvalidOperationException("A subscription changes, or does not.");
        }
    }

    private async Task<(string? Job, string? Note, bool IsKnown)> AddDomainAsync(UnitOfWork work, RecordWish.AddDomain wish, WebhookTenant tenant, WebhookRecord record)
    {
        if (await ledger.FindDomainJobAsync(work.Connection, work.Transaction, tenant.Id, wish.Name, work.CancellationToken) is { } known)
        {
            return (known, $"The tenant has the domain '{wish.Name}' already.", true);
        }

        var ordered = await domains.AddWithinAsync(work, wish.Tenant, wish.Name, record.Caller);
        return (ordered.Job, $"GET /api/tenants/{wish.Tenant}/domains says which records to create.", false);
    }

    private static string? NoteOf(SubscriptionOutcome.Done done, Following following)
    {
        var end = done.Next is { State: not SubscriptionStates.Cancelled, CancelAt: { } at } && following.JobId is null
            ? FormattableString.Invariant($"It ends at {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC.")
            : null;
        var words = string.Join(' ', new[] { done.Note, end, following.Note }.OfType<string>());
        return words.Length == 0 ? null : words;
    }

    private static ProblemException Ended(string reason) => new(ProblemFactory.Conflict("subscription-ended", "The subscription has ended", reason));
}
