namespace Bibind.Functions.Logging;

/// <summary>What endpoints, hosts and timers log; ids are stable.</summary>
internal static partial class Logs
{
    [LoggerMessage(2000, LogLevel.Information, "{Method} {Route} answered {Status} in {Milliseconds} ms (trace {TraceId}).")]
    public static partial void Answered(ILogger logger, string method, string route, int status, long milliseconds, string traceId);

    [LoggerMessage(2001, LogLevel.Error, "{Method} {Path} failed unexpectedly (trace {TraceId}).")]
    public static partial void UnexpectedFailure(ILogger logger, string method, string path, string traceId, Exception exception);

    [LoggerMessage(2002, LogLevel.Warning, "The control database does not answer (trace {TraceId}).")]
    public static partial void DatabaseUnavailable(ILogger logger, string traceId, Exception exception);

    [LoggerMessage(2012, LogLevel.Warning, "The engine that runs the orchestrations does not answer (trace {TraceId}).")]
    public static partial void EngineUnavailable(ILogger logger, string traceId, Exception exception);

    [LoggerMessage(2003, LogLevel.Information, "{Caller} ordered job {JobId} ({Kind}) for {Subject}.")]
    public static partial void Ordered(ILogger logger, string caller, string jobId, string kind, string subject);

    [LoggerMessage(2004, LogLevel.Information, "{Caller} ({Model} {RecordId}) repeated an order that job {JobId} has taken up already.")]
    public static partial void WebhookRepeated(ILogger logger, string caller, string model, long recordId, string jobId);

    [LoggerMessage(2005, LogLevel.Warning, "{Caller} revealed the credentials of tenant {Code}.")]
    public static partial void CredentialsRevealed(ILogger logger, string caller, string code);

    [LoggerMessage(2006, LogLevel.Information, "Server {Code} was activated by {Caller}: {Reason}.")]
    public static partial void ServerActivated(ILogger logger, string code, string caller, string reason);

    [LoggerMessage(2007, LogLevel.Warning, "The host is not ready: {Check} fails.")]
    public static partial void NotReady(ILogger logger, string check, Exception exception);

    [LoggerMessage(2008, LogLevel.Information, "Registered server {Code} of the settings.")]
    public static partial void ServerSeeded(ILogger logger, string code);

    [LoggerMessage(2009, LogLevel.Information, "Template {Template} on server {Server} is database {Database}.")]
    public static partial void TemplateSeeded(ILogger logger, string template, string server, string database);

    [LoggerMessage(2300, LogLevel.Error, "Template {Template} on server {Server} cannot be cloned: {Problem}")]
    public static partial void TemplateNotSeeded(ILogger logger, string template, string server, string problem);

    [LoggerMessage(2301, LogLevel.Warning, "Database {Database} on server {Server} could not be looked into; what it offers is learnt from the first tenant that is made of it: {Reason}")]
    public static partial void TemplateNotSeen(ILogger logger, string database, string server, string reason);

    [LoggerMessage(2011, LogLevel.Information, "Started the timer {InstanceId}.")]
    public static partial void TimerStarted(ILogger logger, string instanceId);

    [LoggerMessage(2010, LogLevel.Warning, "The control database does not answer ({Reason}); the host listens, answers 503, and goes on trying.")]
    public static partial void WaitingForDatabase(ILogger logger, string reason);

    [LoggerMessage(2060, LogLevel.Information, "Fetched {Count} signing keys of the issuer.")]
    public static partial void IssuerKeysFetched(ILogger logger, int count);

    [LoggerMessage(2061, LogLevel.Error, "The issuer of tokens (Auth__Issuer) cannot be asked for its {What}.")]
    public static partial void IssuerAway(ILogger logger, string what, Exception exception);

    [LoggerMessage(2062, LogLevel.Warning, "{Caller} gave tenant {Code} to customer {Customer}.")]
    public static partial void TenantGivenToCustomer(ILogger logger, string caller, string code, string customer);

    [LoggerMessage(2050, LogLevel.Information, "The control database has its schema and what the settings name; the host works.")]
    public static partial void ControlPlaneReady(ILogger logger);

    [LoggerMessage(2051, LogLevel.Error, "The control database cannot be prepared; the host answers 503 and goes on trying.")]
    public static partial void StartFailed(ILogger logger, Exception exception);

    [LoggerMessage(2020, LogLevel.Information, "{Caller} asked to look at the records of domain {Name} at once.")]
    public static partial void DomainLookAsked(ILogger logger, string caller, string name);

    [LoggerMessage(2021, LogLevel.Warning, "{Caller} downloaded backup {BackupId}.")]
    public static partial void BackupDownloaded(ILogger logger, string caller, string backupId);

    [LoggerMessage(2040, LogLevel.Information, "Timer {Timer} ran for {ScheduledFor:yyyy-MM-dd HH:mm:ss} UTC.")]
    public static partial void TimerRan(ILogger logger, string timer, DateTimeOffset scheduledFor);

    [LoggerMessage(2041, LogLevel.Error, "Timer {Timer} failed; it is run again in {Pause}.")]
    public static partial void TimerFailed(ILogger logger, string timer, TimeSpan pause, Exception exception);

    [LoggerMessage(2042, LogLevel.Error, "Function {Function} failed on message {MessageId}, attempt {Attempt}.")]
    public static partial void QueueFunctionFailed(ILogger logger, string function, string messageId, int attempt, Exception exception);

    [LoggerMessage(2043, LogLevel.Warning, "Message {MessageId} of queue {Queue} went to the poison queue: {Reason}")]
    public static partial void MovedToPoison(ILogger logger, string queue, string messageId, string reason);

    [LoggerMessage(2044, LogLevel.Warning, "The next attempt at message {MessageId} of queue {Queue} could not be put off; the queue's own time applies.")]
    public static partial void NotHidden(ILogger logger, string queue, string messageId, Exception exception);

    [LoggerMessage(2045, LogLevel.Warning, "The pump could not be woken; its schedule will run it.")]
    public static partial void NotWoken(ILogger logger, Exception exception);

    [LoggerMessage(2046, LogLevel.Information, "Pumped for {Milliseconds} ms; nothing left: {IsIdle}; next due {NextDueAt:O}.")]
    public static partial void Pumped(ILogger logger, long milliseconds, bool isIdle, DateTime? nextDueAt);

    [LoggerMessage(2047, LogLevel.Warning, "The call of the pump came with too little time left; it is called again.")]
    public static partial void PumpHasNoTime(ILogger logger);

    [LoggerMessage(2048, LogLevel.Error, "Invocation {RequestId} failed: {Reason}")]
    public static partial void InvocationFailed(ILogger logger, string requestId, string reason, Exception exception);

    [LoggerMessage(2121, LogLevel.Warning, "The template database {Database} of server {Server} is not locked, so others may open or change it: {Reason}")]
    public static partial void TemplateNotLocked(ILogger logger, string database, string server, string reason);

    [LoggerMessage(2120, LogLevel.Warning, "Server {Server} was registered before its application's password was needed; it has its logins from the settings now: {DatabaseUser} and {ApplicationRole}.")]
    public static partial void ServerLoginsSeeded(ILogger logger, string server, string databaseUser, string applicationRole);

    [LoggerMessage(2049, LogLevel.Critical, "The Lambda Runtime API does not answer as it should; the process ends.")]
    public static partial void RuntimeApiBroken(ILogger logger, Exception exception);

    [LoggerMessage(2462, LogLevel.Warning, "{Reason}")]
    public static partial void ClocksApart(ILogger logger, string reason);

    [LoggerMessage(2464, LogLevel.Warning, "Live hosts work with other Worker__ActivityLimits: {Differences}. A limit holds over all machines only while all have the same: set it on all of them.")]
    public static partial void LimitsDiffer(ILogger logger, string differences);

    [LoggerMessage(2465, LogLevel.Debug, "The limits of other hosts could not be asked for; they are again.")]
    public static partial void LimitsNotCompared(ILogger logger, Exception exception);

    [LoggerMessage(2463, LogLevel.Warning, "The host is not ready: {Check} finds no database ({Reason}).")]
    public static partial void NotReadyForDatabase(ILogger logger, string check, string reason);

    [LoggerMessage(2460, LogLevel.Information, "Bibind.Functions {Version} starts; Hosting__Kind is {Kind}.")]
    public static partial void Starting(ILogger logger, string version, string kind);

    [LoggerMessage(2461, LogLevel.Warning, "The variable {Name} of the environment is no setting of ours: did you mean {Nearest}?")]
    public static partial void NameSuspected(ILogger logger, string name, string nearest);

    [LoggerMessage(2140, LogLevel.Warning, "That a webhook of {Caller} was {State} could not be kept ({Reason}).")]
    public static partial void DeliveryNotKept(ILogger logger, string caller, string state, string reason, Exception exception);

    [LoggerMessage(2143, LogLevel.Warning, "A webhook of {Caller} that asked for {Asked} ({Model} {RecordId}) was refused with {Status} {Kind}: {Reason}")]
    public static partial void WebhookRefused(ILogger logger, string caller, string asked, string? model, long? recordId, int status, string kind, string reason);

    [LoggerMessage(2144, LogLevel.Information, "{Caller} ({Model} {RecordId}) said once more what it had said about the {Topic} of tenant {Tenant}.")]
    public static partial void WebhookEventRepeated(ILogger logger, string caller, string model, long recordId, string topic, string tenant);

    [LoggerMessage(2145, LogLevel.Information, "Forgot {Count} deliveries of webhooks that were kept for long enough.")]
    public static partial void DeliveriesPurged(ILogger logger, int count);

    [LoggerMessage(2160, LogLevel.Information, "Registration {Id} of '{Code}' is {State} ({Cause}).")]
    public static partial void RegistrationTaken(ILogger logger, long id, string code, string state, string cause);

    [LoggerMessage(2161, LogLevel.Warning, "A registration was refused: there were enough from there, or altogether; the next one is taken in {Wait}.")]
    public static partial void RegistrationLimited(ILogger logger, TimeSpan wait);

    [LoggerMessage(2162, LogLevel.Information, "Registration {Id} of '{Code}' was proven and is {State}: {Reason}")]
    public static partial void RegistrationProven(ILogger logger, long id, string code, string state, string reason);

    [LoggerMessage(2163, LogLevel.Warning, "{Caller} withdrew registration {Id}.")]
    public static partial void RegistrationWithdrawn(ILogger logger, string caller, long id);

    [LoggerMessage(2164, LogLevel.Error, "The order of registration {Id} broke off; it is tried again.")]
    public static partial void RegistrationNotTried(ILogger logger, long id, Exception exception);

    [LoggerMessage(2165, LogLevel.Debug, "Registrations: {Tried} orders tried, {Expired} expired, {Forgotten} forgotten.")]
    public static partial void RegistrationsKept(ILogger logger, int tried, int expired, int forgotten);

    [LoggerMessage(2141, LogLevel.Warning, "{Caller} was shown the credentials of tenant {Code} again, by the same request.")]
    public static partial void CredentialsShownAgain(ILogger logger, string caller, string code);

    [LoggerMessage(2142, LogLevel.Information, "Ended the timer {InstanceId}: {Reason}")]
    public static partial void TimerEnded(ILogger logger, string instanceId, string reason);

    [LoggerMessage(2150, LogLevel.Debug, "{Count} servers are checked")]
    public static partial void ServersClaimed(ILogger logger, int count);

    [LoggerMessage(2151, LogLevel.Debug, "Server {Server} is {Health}, checked in {Milliseconds} ms: {Reason}")]
    public static partial void ServerChecked(ILogger logger, string server, string health, long milliseconds, string? reason);

    [LoggerMessage(2154, LogLevel.Debug, "What was found of server {Server} is recorded; it is {State}")]
    public static partial void ServerRecorded(ILogger logger, string server, string state);

    [LoggerMessage(2152, LogLevel.Warning, "Server {Server} could not be checked; it is checked again")]
    public static partial void ServerNotChecked(ILogger logger, string server, Exception exception);

    [LoggerMessage(2480, LogLevel.Debug, "Started what fills and drains the pools of server {Code}.")]
    public static partial void PoolsStarted(ILogger logger, string code);

    [LoggerMessage(2481, LogLevel.Debug, "The pools could not be read for their metrics: {Reason}")]
    public static partial void PoolsNotSeen(ILogger logger, string reason);

    [LoggerMessage(2482, LogLevel.Debug, "The rollouts could not be read for their metrics: {Reason}")]
    public static partial void RolloutsNotSeen(ILogger logger, string reason);

    [LoggerMessage(2153, LogLevel.Debug, "The servers could not be read for their metrics: {Reason}")]
    public static partial void ServersNotSeen(ILogger logger, string reason);

    [LoggerMessage(2155, LogLevel.Debug, "What {Tenants} tenants of {Servers} servers use was measured in {Milliseconds} ms")]
    public static partial void UsageMeasured(ILogger logger, int tenants, int servers, long milliseconds);

    [LoggerMessage(2156, LogLevel.Information, "What tenant {TenantId} uses was not measured wholly: {Reason}")]
    public static partial void UsageNotMeasured(ILogger logger, long tenantId, string reason);

    [LoggerMessage(2157, LogLevel.Warning, "What {Tenants} tenants of server {ServerId} use was not measured: {Reason}")]
    public static partial void UsageServerUnreachable(ILogger logger, long serverId, int tenants, string reason);

    [LoggerMessage(2158, LogLevel.Warning, "Measuring what the tenants of server {ServerId} use broke off; what is left is measured later")]
    public static partial void UsageServerFailed(ILogger logger, long serverId, Exception exception);

    [LoggerMessage(2159, LogLevel.Debug, "What tenants use could not be read for metrics: {Reason}")]
    public static partial void UsageNotSeen(ILogger logger, string reason);

    [LoggerMessage(2130, LogLevel.Warning, "{Caller} made database {Database} (oid {Oid}) the own one of tenant {Tenant}.")]
    public static partial void DatabaseAdopted(ILogger logger, string caller, string database, uint oid, string tenant);

    [LoggerMessage(2470, LogLevel.Information, "The {Kind} token '{Label}' of {Caller} is in use.")]
    public static partial void TokenUsed(ILogger logger, string kind, string label, string caller);

    [LoggerMessage(2471, LogLevel.Warning, "The {Kind} token '{Label}' of {Caller} ends at {NotAfter:u} and is still in use.")]
    public static partial void EndingTokenUsed(ILogger logger, string kind, string label, string caller, DateTimeOffset notAfter);

    [LoggerMessage(2472, LogLevel.Warning, "The {Kind} token '{Label}' of {Caller}, which ended at {NotAfter:u}, was presented and refused.")]
    public static partial void EndedTokenPresented(ILogger logger, string kind, string label, string caller, DateTimeOffset notAfter);

    [LoggerMessage(2473, LogLevel.Warning, "That the {Kind} token '{Label}' of {Caller} was used could not be recorded.")]
    public static partial void TokenUseNotRecorded(ILogger logger, string kind, string label, string caller, Exception exception);

    [LoggerMessage(2484, LogLevel.Warning, "Notices could not be sent for the moment; they are looked at again in {Pause}")]
    public static partial void NoticesBrokeOff(ILogger logger, TimeSpan pause, Exception exception);

    [LoggerMessage(2485, LogLevel.Information, "{Caller} changed webhook endpoint {EndpointId}: {Action}")]
    public static partial void WebhookEndpointChanged(ILogger logger, string caller, long endpointId, string action);

    [LoggerMessage(2486, LogLevel.Information, "{Caller} has notice {NoticeId} sent again")]
    public static partial void NoticeSentAgain(ILogger logger, string caller, long noticeId);

    [LoggerMessage(2487, LogLevel.Information, "{Caller} changed customer {Customer}: {Fields}")]
    public static partial void CustomerChanged(ILogger logger, string caller, string customer, string fields);

    [LoggerMessage(2498, LogLevel.Debug, "What reconciliation found could not be read for metrics: {Reason}")]
    public static partial void ReconciliationNotSeen(ILogger logger, string reason);

    [LoggerMessage(2440, LogLevel.Warning, "Alert {Kind} {Subject}: {Reason}")]
    public static partial void AlertRaised(ILogger logger, string kind, string subject, string reason);

    [LoggerMessage(2441, LogLevel.Information, "Alert {Kind} {Subject} is over")]
    public static partial void AlertClosed(ILogger logger, string kind, string subject);

    [LoggerMessage(2442, LogLevel.Debug, "Open alerts could not be read for metrics: {Reason}")]
    public static partial void AlertsNotSeen(ILogger logger, string reason);
}
