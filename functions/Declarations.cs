using Bibind.Functions.Hosts;
using Bibind.Functions.Pump;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions;

/// <summary>The queue and timer functions of the product.</summary>
public static class Declarations
{
    /// <summary>What billing says about subscriptions.</summary>
    public static QueueFunction Billing { get; } = new("billing", "billing", typeof(BillingMessages));

    /// <summary>Runs orchestrations when somebody has handed in work.</summary>
    public static QueueFunction Pump { get; } = new("pump", OrchestrationPump.Queue, typeof(PumpMessages));

    /// <summary>Sees to it that the eternal orchestrations run.</summary>
    public static TimerFunction KeepTimers { get; } = new("keepTimers", "0 */5 * * * *", typeof(EnsureRecurringOrchestrations)) { RunsAtStart = true };

    /// <summary>Checks the servers whose check is due.</summary>
    public static TimerFunction CheckServers { get; } = new("checkServers", "0 * * * * *", typeof(CheckServers)) { IsRecorded = false };

    /// <summary>Measures the tenants that are due.</summary>
    public static TimerFunction MeasureUsage { get; } = new("measureUsage", "0 * * * * *", typeof(MeasureUsage)) { IsRecorded = false };

    /// <summary>Compares the tenants that are due with what there is of them.</summary>
    public static TimerFunction Reconcile { get; } = new("reconcile", "0 * * * * *", typeof(Reconcile)) { IsRecorded = false };

    /// <summary>Starts what fills and drains the pools of ready clones.</summary>
    public static TimerFunction KeepPools { get; } = new("keepPools", "0 * * * * *", typeof(KeepPools)) { IsRecorded = false };

    /// <summary>Sends the notices that are due, where no process lives on to do it.</summary>
    public static TimerFunction SendNotices { get; } = new("sendNotices", "0 * * * * *", typeof(SendNotices)) { IsRecorded = false };

    /// <summary>Comes back to billing's messages that wait.</summary>
    public static TimerFunction BillingRetries { get; } = new("billingRetries", "0 * * * * *", typeof(BillingRetries)) { IsRecorded = false };

    /// <summary>Lets time change subscriptions, and tenants follow them.</summary>
    public static TimerFunction KeepSubscriptions { get; } = new("keepSubscriptions", "0 * * * * *", typeof(KeepSubscriptions)) { IsRecorded = false };

    /// <summary>Tries the orders of registrations again, ends those whose time is up, and forgets persons.</summary>
    public static TimerFunction KeepRegistrations { get; } = new("keepRegistrations", "0 * * * * *", typeof(KeepRegistrations)) { IsRecorded = false };

    /// <summary>Forgets what was kept for a time only.</summary>
    public static TimerFunction PurgeRecords { get; } = new("purgeRecords", "0 */10 * * * *", typeof(PurgeRecords)) { IsRecorded = false };

    /// <summary>Compares what tenants use with their limits, looks for missing backups and has backups tried out.</summary>
    public static TimerFunction CheckTenants { get; } = new("checkTenants", "0 * * * * *", typeof(CheckTenants)) { IsRecorded = false };

    /// <summary>Looks for what is wrong, and tells people once.</summary>
    public static TimerFunction CheckAlerts { get; } = new("checkAlerts", "0 * * * * *", typeof(CheckAlerts)) { IsRecorded = false };

    /// <summary>Runs orchestrations every minute: their timers, and what nobody was woken for.</summary>
    public static TimerFunction PumpSchedule { get; } = new("pumpSchedule", "0 * * * * *", typeof(PumpSchedule)) { IsRecorded = false };

    /// <summary>The functions that a host of that kind has: where a worker lives on, nobody pumps.</summary>
    public static FunctionDeclarations For(HostKind kind) => kind.IsFunctionHost()
        ? new FunctionDeclarations([Billing, Pump], [KeepTimers, CheckServers, MeasureUsage, Reconcile, KeepPools, BillingRetries, KeepSubscriptions, KeepRegistrations, CheckTenants, CheckAlerts, SendNotices, PurgeRecords, PumpSchedule])
        : new FunctionDeclarations([Billing], [KeepTimers, CheckServers, MeasureUsage, Reconcile, KeepPools, BillingRetries, KeepSubscriptions, KeepRegistrations, CheckTenants, CheckAlerts, PurgeRecords]);
}
