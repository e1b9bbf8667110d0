using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Bibind.ControlPlane.Billing;
using Bibind.ControlPlane.Subscriptions;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using SuspensionCauses = Bibind.Contracts.SuspensionCauses;

namespace Bibind.Functions.Queues.Billing;

/// <summary>The data of <c>invoice.paid</c>.</summary>
internal sealed record InvoicePaid
{
    /// <summary>Billing's number of the invoice.</summary>
    [DisallowNull]
    public string? Invoice { get; init; }

    /// <summary>Until when it is paid; one period more unless given.</summary>
    [DisallowNull]
    public DateTimeOffset? PeriodEnd { get; init; }
}

/// <summary>The data of <c>payment.failed</c>.</summary>
internal sealed record PaymentFailed
{
    /// <summary>Billing's number of the invoice.</summary>
    [DisallowNull]
    public string? Invoice { get; init; }

    /// <summary>In words.</summary>
    [DisallowNull]
    public string? Reason { get; init; }
}

/// <summary>The data of <c>plan.changed</c>.</summary>
internal sealed record PlanChanged
{
    public required string Plan { get; init; }

    /// <summary><c>monthly</c> or <c>yearly</c>; stays unless given.</summary>
    [DisallowNull]
    public string? Period { get; init; }
}

/// <summary>The data of <c>subscription.suspended</c>.</summary>
internal sealed record SubscriptionSuspended
{
    /// <summary><c>payment</c> unless given, or <c>operator</c>.</summary>
    public string Cause { get; init; } = SuspensionCauses.Payment;

    /// <summary>In words.</summary>
    [DisallowNull]
    public string? Reason { get; init; }
}

/// <summary>The data of <c>subscription.resumed</c>.</summary>
internal sealed record SubscriptionResumed
{
    /// <summary>In words.</summary>
    [DisallowNull]
    public string? Reason { get; init; }
}

/// <summary>The data of <c>subscription.cancelled</c>.</summary>
internal sealed record SubscriptionCancelled
{
    public const string Now = "now";
    public const string PeriodEnd = "period-end";

    /// <summary><c>now</c> unless given, or <c>period-end</c>.</summary>
    public string When { get; init; } = Now;

    /// <summary>False removes the tenant without a last backup.</summary>
    public bool FinalBackup { get; init; } = true;
}

/// <summary>What a message says, and what of it is not understood and left aside.</summary>
internal sealed record BillingEvent(SubscriptionEvent Happened, string? Reason, IReadOnlyList<string> Ignored);

/// <summary>Reads what messages say about subscriptions; every violation is named as the message names its fields.</summary>
internal static class BillingEvents
{
    private const int MostNames = 5;

    /// <summary>The event of any type but <c>subscription.created</c>.</summary>
    /// <exception cref="ProblemException">422 with what is wrong.</exception>
    public static async Task<BillingEvent> ReadAsync(BillingMessage message)
    {
        switch (message.Type)
        {
            case BillingTypes.Paid:
                var (paid, more) = await ReadKnownAsync<InvoicePaid>(message, p => p.PeriodEnd is { } end && end.UtcDateTime.Year is < 2000 or >= 3000
                    ? Wrong("periodEnd", "must be a time between the years 2000 and 2999") : []);
                return new BillingEvent(new SubscriptionEvent.Paid(message.OccurredAt, paid.PeriodEnd?.ToUniversalTime()), paid.Invoice is { } number ? $"Invoice {number} was paid." : null, more);
            case BillingTypes.PaymentFailed:
                var (failed, others) = await ReadKnownAsync<PaymentFailed>(message, _ => []);
                return new BillingEvent(new SubscriptionEvent.PaymentFailed(message.OccurredAt), failed.Reason, others);
            case BillingTypes.Suspended:
                var (suspended, aside) = await ReadKnownAsync<SubscriptionSuspended>(
                    message, s => SuspensionCauses.All.Contains(s.Cause) ? [] : Wrong("cause", $"must be {string.Join(" or ", SuspensionCauses.All)}"));
                return new BillingEvent(new SubscriptionEvent.Suspended(suspended.Cause), suspended.Reason, aside);
            case BillingTypes.Resumed:
                var (resumed, beside) = await ReadKnownAsync<SubscriptionResumed>(message, _ => []);
                return new BillingEvent(new SubscriptionEvent.Resumed(message.OccurredAt), resumed.Reason, beside);
            case BillingTypes.PlanChanged:
                var changed = await ReadAllAsync<PlanChanged>(message, p => p.Period is null || BillingPeriod.All.Contains(p.Period)
                    ? [] : Wrong("period", $"must be {string.Join(" or ", BillingPeriod.All)}"));
                return new BillingEvent(new SubscriptionEvent.PlanChanged(changed.Plan, changed.Period), null, []);
            default:
                var cancelled = await ReadAllAsync<SubscriptionCancelled>(
                    message, c => c.When is SubscriptionCancelled.Now or SubscriptionCancelled.PeriodEnd
                        ? [] : Wrong("when", $"must be {SubscriptionCancelled.Now} or {SubscriptionCancelled.PeriodEnd}"));
                return new BillingEvent(
                    new SubscriptionEvent.Cancelled(message.OccurredAt, cancelled.When == SubscriptionCancelled.PeriodEnd, cancelled.FinalBackup), null, []);
        }
    }

    // Commands: a member that is not known may be what matters.
    private static async Task<T> ReadAllAsync<T>(BillingMessage message, Func<T, Dictionary<string, string[]>> check)
        where T : class
    {
        using var given = JsonDocument.Parse(message.Data);
        return await CommandReader.ReadAsync<T>(given.RootElement, new FieldErrors(), (data, _) => Task.FromResult<IReadOnlyDictionary<string, string[]>>(check(data)));
    }

    // Facts: billing may tell more about them than is asked for. What is money must not wait for that.
    private static async Task<(T Data, IReadOnlyList<string> Ignored)> ReadKnownAsync<T>(BillingMessage message, Func<T, Dictionary<string, string[]>> check)
        where T : class
    {
        var known = typeof(T).GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).ToHashSet(StringComparer.Ordinal);
        using var given = JsonDocument.Parse(message.Data);
        var members = given.RootElement.EnumerateObject().ToLookup(m => known.Contains(JsonWords.NameOf(m)));
        using var rest = JsonDocument.Parse($"{{{string.Join(',', members[true].Select(m => m.ToString()))}}}");
        return (
            await CommandReader.ReadAsync<T>(rest.RootElement, new FieldErrors(), (data, _) => Task.FromResult<IReadOnlyDictionary<string, string[]>>(check(data))),
            [.. members[false].Select(JsonWords.NameOf).Distinct().Take(MostNames)]);
    }

    private static Dictionary<string, string[]> Wrong(string field, string words) => new() { [field] = [words] };
}
