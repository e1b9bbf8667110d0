using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Billing;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Ordering;

namespace Bibind.Functions.Queues.Billing;

/// <summary>Tells people what billing's messages leave open: in the log, by notice, and by the meter named <see cref="Name"/>.</summary>
public sealed class BillingNotices
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Billing";

    private readonly INotices _notices;
    private readonly ILogger<BillingNotices> _logger;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _parked;

    /// <summary>Counters of its own meter.</summary>
    public BillingNotices(INotices notices, IMeterFactory meters, ILogger<BillingNotices> logger)
    {
        (_notices, _logger) = (notices, logger);
        var meter = meters.Create(Name);
        _gaps = meter.CreateCounter<long>("bibind.billing.gaps", "{message}", "Numbers of billing's messages that never came and were passed");
        _parked = meter.CreateCounter<long>("bibind.billing.parked", "{message}", "Billing's messages that cannot be applied, by type");
    }

    /// <summary>Numbers that never came are waited for no longer; told in the transaction that goes on without them.</summary>
    public Task GapPassedAsync(UnitOfWork work, BillingMessage message, BillingGap gap)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(gap);
        _gaps.Add(gap.Last - gap.First + 1);
        Logs.BillingGapPassed(_logger, message.Tenant, gap.First, gap.Last, message.Sequence);
        return _notices.RaiseAsync(
            work.Connection, work.Transaction, Notice.BillingGapPassed(null, message.Tenant, gap.First, gap.Last), work.CancellationToken);
    }

    /// <summary>A message cannot be applied and waits for a person.</summary>
    public void Parked(BillingMessage message, string reason)
    {
        ArgumentNullException.ThrowIfNull(message);
        _parked.Add(1, new KeyValuePair<string, object?>("type", message.Type));
        Logs.BillingParked(_logger, message.Id, message.Type, message.Tenant, reason);
    }
}
