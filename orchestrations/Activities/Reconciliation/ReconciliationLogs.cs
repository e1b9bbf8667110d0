using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Reconciliation;

/// <summary>What is logged about comparing tenants with what there is of them.</summary>
internal static partial class ReconciliationLogs
{
    [LoggerMessage(3250, LogLevel.Information, "Compared {Tenants} tenants of {Servers} servers with what there is of them, in {Milliseconds} ms")]
    public static partial void Reconciled(this ILogger logger, int tenants, int servers, long milliseconds);

    [LoggerMessage(3251, LogLevel.Warning, "Comparing the tenants of server {ServerId} broke off; what is left is looked at later")]
    public static partial void ReconciliationFailed(this ILogger logger, long serverId, Exception exception);

    [LoggerMessage(3252, LogLevel.Warning, "Tenant {Tenant} is not as it should be ({Kind}): {Seen}")]
    public static partial void DriftFound(this ILogger logger, string tenant, string kind, string seen);

    [LoggerMessage(3253, LogLevel.Warning, "Tenant {Tenant} was not as it should be ({Kind}), and was repaired: {Seen}")]
    public static partial void DriftRepaired(this ILogger logger, string tenant, string kind, string seen);

    [LoggerMessage(3254, LogLevel.Warning, "Tenant {Tenant} is not as it should be ({Kind}), and was not repaired: {Reason}")]
    public static partial void DriftNotRepaired(this ILogger logger, string tenant, string kind, string reason);
}
