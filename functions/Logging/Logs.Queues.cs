namespace Bibind.Functions.Logging;

// Of the consumers of queues. Bodies are never logged: they may hold what is not ours to show.
internal static partial class Logs
{
    [LoggerMessage(2100, LogLevel.Information, "Taking messages of {Queue} at {Broker} for {Function}.")]
    public static partial void Consuming(ILogger logger, string queue, string broker, string function);

    [LoggerMessage(2101, LogLevel.Warning, "{Queue} at {Broker} does not answer; trying again until it does.")]
    public static partial void BrokerGone(ILogger logger, string queue, string broker, Exception exception);

    [LoggerMessage(2102, LogLevel.Information, "{Queue} at {Broker} answers again after {Seconds:0.#} s.")]
    public static partial void BrokerBack(ILogger logger, string queue, string broker, double seconds);

    [LoggerMessage(2103, LogLevel.Warning, "Message {MessageId} of {Queue} failed at attempt {Attempt}; again in {Delay}.")]
    public static partial void HandlerFailed(ILogger logger, string messageId, string queue, int attempt, TimeSpan delay, Exception exception);

    [LoggerMessage(2104, LogLevel.Information, "Message {MessageId} of {Queue} waits after attempt {Attempt}; again in {Delay}: {Reason}")]
    public static partial void Waits(ILogger logger, string messageId, string queue, int attempt, TimeSpan delay, string reason);

    [LoggerMessage(2105, LogLevel.Error, "Message {MessageId} of {Queue} went to {Poison} after {Attempts} attempts: {Reason}")]
    public static partial void DeadLettered(ILogger logger, string messageId, string queue, string poison, int attempts, string reason);

    [LoggerMessage(2106, LogLevel.Warning, "Message {MessageId} of {Queue} is not ours any more; what was done about it stands, and whoever has it now decides.")]
    public static partial void LeaseLost(ILogger logger, string messageId, string queue);

    [LoggerMessage(2107, LogLevel.Warning, "What became of message {MessageId} of {Queue} could not be told to the broker; it will come again.")]
    public static partial void SettlingFailed(ILogger logger, string messageId, string queue, Exception exception);

    [LoggerMessage(2108, LogLevel.Information, "Message {MessageId} of {Queue} was given back, because the host stops.")]
    public static partial void Abandoned(ILogger logger, string messageId, string queue);

    [LoggerMessage(2111, LogLevel.Warning, "The control database is away; no messages are taken until it is back.")]
    public static partial void GateClosed(ILogger logger);

    [LoggerMessage(2112, LogLevel.Information, "The control database is back; messages are taken again.")]
    public static partial void GateOpened(ILogger logger);

    [LoggerMessage(2110, LogLevel.Information, "Billing message {BillingId} ({Type}, {Tenant}, number {Sequence}) is {State}: {Reason}")]
    public static partial void BillingTaken(ILogger logger, string billingId, string type, string tenant, long sequence, string state, string reason);

    [LoggerMessage(2113, LogLevel.Information, "Billing message {BillingId} ({Type}, {Tenant}, number {Sequence}), which waited, is {State}: {Reason}")]
    public static partial void BillingRetried(ILogger logger, string billingId, string type, string tenant, long sequence, string state, string reason);

    [LoggerMessage(2114, LogLevel.Warning, "Billing's messages about {Tenant} that wait could not be tried again; they are in the next round.")]
    public static partial void BillingRetryFailed(ILogger logger, string tenant, Exception failure);

    [LoggerMessage(2115, LogLevel.Warning, "Billing has waited with {Tenant} since {Since:u}, with {Messages} messages: {Reason}")]
    public static partial void BillingWaitsLong(ILogger logger, string tenant, DateTimeOffset since, long messages, string reason);

    [LoggerMessage(2116, LogLevel.Warning, "Billing's numbers {First} to {Last} about {Tenant} never came; number {Sequence} goes on without them.")]
    public static partial void BillingGapPassed(ILogger logger, string tenant, long first, long last, long sequence);

    [LoggerMessage(2117, LogLevel.Warning, "Billing message {BillingId} ({Type}, {Tenant}) cannot be applied and waits for somebody: {Reason}")]
    public static partial void BillingParked(ILogger logger, string billingId, string type, string tenant, string reason);

    [LoggerMessage(2118, LogLevel.Information, "Billing message {BillingId}: {Who} ordered {Action}: {Reason}")]
    public static partial void BillingMessageMended(ILogger logger, string billingId, string who, string action, string reason);

    [LoggerMessage(2490, LogLevel.Information, "{Tenant} follows its subscription, which is {State}, by job {JobId}.")]
    public static partial void SubscriptionFollowed(ILogger logger, string tenant, string state, string jobId);

    [LoggerMessage(2491, LogLevel.Warning, "{Tenant} cannot follow its subscription, which is {State}; it is tried again: {Reason}")]
    public static partial void SubscriptionNotFollowed(ILogger logger, string tenant, string state, string reason);

    [LoggerMessage(2492, LogLevel.Warning, "Looking at the tenant of subscription {Id} failed; it is looked at again later.")]
    public static partial void SubscriptionLookFailed(ILogger logger, long id, Exception exception);

    [LoggerMessage(2493, LogLevel.Information, "Time changed {Due} subscriptions, {Gone} ended with their tenants, {Looked} tenants were looked at.")]
    public static partial void SubscriptionsKept(ILogger logger, int due, int gone, int looked);

    [LoggerMessage(2494, LogLevel.Information, "{Told} customers were reminded of the end of a trial or of a grace.")]
    public static partial void SubscriptionReminders(ILogger logger, int told);

    [LoggerMessage(2495, LogLevel.Warning, "{Tenant} cannot be suspended, or opened, as its limits want it; it is looked at again: {Reason}")]
    public static partial void LimitNotFollowed(ILogger logger, string tenant, string reason);

    [LoggerMessage(2496, LogLevel.Information, "Limits: {Changed} stand otherwise than before, {Suspended} tenants are suspended, {Opened} opened again.")]
    public static partial void LimitsCompared(ILogger logger, int changed, int suspended, int opened);

    [LoggerMessage(2497, LogLevel.Information, "{Started} trials of backups were started by schedule.")]
    public static partial void TrialsStarted(ILogger logger, int started);
}
