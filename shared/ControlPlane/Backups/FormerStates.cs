using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>Settings <c>Backups:*</c> about what tenants were before a change.</summary>
public sealed class FormerStateOptions
{
    public const string Section = "Backups";

    /// <summary>How long the backup of what a tenant was before a restore or a change of modules is kept, whatever its plan says, unless it is confirmed before.</summary>
    public TimeSpan KeepFormerState { get; set; } = TimeSpan.FromDays(7);
}

/// <summary>Backups of what tenants were before a change: whoever finds out days later that the change was wrong can still go back.</summary>
public sealed class FormerStates(NpgsqlDataSource database, IOptions<FormerStateOptions> options)
{
    /// <summary>True of a row of backups that is kept for a change now; one that is not kept for any has no time.</summary>
    internal const string IsKept = "coalesce(kept_until > now(), false)";

    /// <summary>Keeps a backup for that time, from now on, in the transaction in which the job ends that took it: once, for it may be confirmed before the end is repeated.</summary>
    internal Task KeepAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, string backupId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            update control.backups b set kept_until = now() + @KeepFormerState
            from control.jobs j where j.id = @jobId and j.finished_at is null and b.id = @backupId and b.tenant_id = j.tenant_id
            """,
            new { jobId, backupId, options.Value.KeepFormerState }, transaction, cancellationToken));

    /// <summary>Confirms the change before which a backup was taken: from now on it is kept only as the plan says.</summary>
    /// <returns>False if it is not kept for a change any more, or never was.</returns>
    public async Task<bool> ConfirmAsync(string backupId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            $"update control.backups set kept_until = null where id = @backupId and {IsKept}", new { backupId }, cancellationToken)) > 0;
    }
}
