using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.ControlPlane;

/// <summary>Everything this project says; ids 2500 to 2999.</summary>
internal static partial class Logs
{
    [LoggerMessage(2500, LogLevel.Information, "Control database: applied migration {Migration}")]
    public static partial void MigrationApplied(ILogger logger, string migration);

    [LoggerMessage(2507, LogLevel.Warning, "The control database belongs to a newer version, which this one can work beside: {Migrations}")]
    public static partial void SchemaIsNewer(ILogger logger, string migrations);

    [LoggerMessage(2501, LogLevel.Information, "Tenant {Code} ({TenantId}) reserved on server {Server}, database {Database}, job {JobId}")]
    public static partial void TenantReserved(ILogger logger, string code, long tenantId, string server, string database, string jobId);

    [LoggerMessage(2502, LogLevel.Information, "Order for tenant {Code} refused: {Kind}")]
    public static partial void ReservationRefused(ILogger logger, string code, string kind);

    [LoggerMessage(2503, LogLevel.Information, "Tenant {TenantId} is now {State}, job {JobId}")]
    public static partial void TenantStateChanged(ILogger logger, long tenantId, string state, string jobId);

    [LoggerMessage(2504, LogLevel.Information, "Server {Code} went from {From} to {To} by {Who}: {Why}")]
    public static partial void ServerStateChanged(ILogger logger, string code, string from, string to, string who, string why);

    [LoggerMessage(2505, LogLevel.Information, "Secrets {Prefix} revealed: {Count}")]
    public static partial void SecretsRevealed(ILogger logger, string prefix, int count);

    [LoggerMessage(2506, LogLevel.Information, "{Who} changed secrets of server '{Code}': {Secrets}")]
    public static partial void ServerPasswordsChanged(ILogger logger, string code, string secrets, string who);

    [LoggerMessage(2508, LogLevel.Information, "{Who} changed server '{Code}' ({Action}: {Fields}): {Why}")]
    public static partial void ServerChanged(ILogger logger, string who, string code, string action, string fields, string why);

    [LoggerMessage(2509, LogLevel.Warning, "Alert for server '{Code}' ({Kind}): {Reason}")]
    public static partial void ServerAlertRaised(ILogger logger, string code, string kind, string reason);

    [LoggerMessage(2510, LogLevel.Information, "Alert for server '{Code}' ({Kind}) is over: {Reason}")]
    public static partial void ServerAlertCleared(ILogger logger, string code, string kind, string reason);

    [LoggerMessage(2520, LogLevel.Information, "Domain {Name} is now {State}, job {JobId}")]
    public static partial void DomainStateChanged(ILogger logger, string name, string state, string jobId);

    [LoggerMessage(2580, LogLevel.Information, "Rollout {RolloutId} is now {State}: {Reason}")]
    public static partial void RolloutStateChanged(ILogger logger, long rolloutId, string state, string? reason);

    [LoggerMessage(2581, LogLevel.Information, "Rollout {RolloutId}: tenant {Code} is begun, job {JobId}")]
    public static partial void RolloutTenantStarted(ILogger logger, long rolloutId, string code, string jobId);

    [LoggerMessage(2530, LogLevel.Warning, "Instance {InstanceId}: a message of the outbox ({Kind}, attempt {Attempt}) was not delivered; trying again in {Delay}")]
    public static partial void NotDelivered(ILogger logger, Exception failure, string instanceId, OutboxKind kind, int attempt, TimeSpan delay);

    [LoggerMessage(2540, LogLevel.Information, "{Who} changed tenant '{Code}' ({Fields}): {Why}")]
    public static partial void TenantChanged(ILogger logger, string who, string code, string fields, string? why);

    [LoggerMessage(2541, LogLevel.Information, "Tenant '{Code}' has reached a threshold of its limit of {Resource}: {Used} of {Allowed}")]
    public static partial void LimitReached(ILogger logger, string code, string resource, long used, long allowed);

    [LoggerMessage(2542, LogLevel.Warning, "A backup of tenant '{Code}' is missing, expected by {ExpectedBy:u}: {Reason}")]
    public static partial void BackupMissing(ILogger logger, string code, DateTimeOffset expectedBy, string reason);

    [LoggerMessage(2543, LogLevel.Information, "Tenant '{Code}' has a recent backup again")]
    public static partial void BackupThereAgain(ILogger logger, string code);

    [LoggerMessage(2590, LogLevel.Warning, "Support access {AccessId}: {Who} can enter the application of tenant {Code} as {Level} until {Until:u}")]
    public static partial void SupportOpened(ILogger logger, long accessId, string who, string code, string level, DateTimeOffset until);

    [LoggerMessage(2591, LogLevel.Information, "Support access {AccessId} of {Who} to tenant {Code} is over: {State}")]
    public static partial void SupportEnded(ILogger logger, long accessId, string who, string code, string state);
}
