using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Staging;

/// <summary>What is logged about staging copies.</summary>
internal static partial class StagingLogs
{
    [LoggerMessage(3260, LogLevel.Information, "Database {Database} is a staging copy: {Masked} rows were masked, {Skipped} rules left out, {SetAside} triggers, rules and policies set aside meanwhile")]
    public static partial void StagingCopyNeutralised(this ILogger logger, string database, long masked, int skipped, int setAside);

    [LoggerMessage(3261, LogLevel.Information, "Staging copy {Code} of {Source} is removed by job {JobId}: its time is up, or its tenant is gone")]
    public static partial void StagingCopyExpired(this ILogger logger, string code, string source, string jobId);

    [LoggerMessage(3262, LogLevel.Warning, "Backup {BackupId}, of which a staging copy was made, could not be deleted yet: {Reason}")]
    public static partial void StagingBackupKept(this ILogger logger, string backupId, string reason);
}
