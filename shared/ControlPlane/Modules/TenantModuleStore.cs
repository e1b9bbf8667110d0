using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Modules;

/// <summary>The jobs that change tenants' modules and themes, and the record of who wanted what.</summary>
public sealed class TenantModuleStore(NpgsqlDataSource database, JobStore jobs, FormerStates formerStates, TimeProvider time, ILogger<TenantModuleStore> logger)
{
    // The job that is ending itself is what says who wanted it.
    private const string RecordSql =
        """
        insert into control.tenant_modules (tenant_id, module, active, changed_by, job_id, changed_at)
        select @TenantId, m.name, m.active, j.requested_by, j.id, @now
        from unnest(@names::text[], @active::boolean[]) as m (name, active), control.jobs j
        where j.id = @JobId
        on conflict (tenant_id, module) do update
        set active = excluded.active, changed_by = excluded.changed_by, job_id = excluded.job_id, changed_at = excluded.changed_at
        """;

    private const string RecordThemeSql =
        """
        insert into control.tenant_themes (tenant_id, theme, look, look_before, changed_by, job_id, changed_at)
        select @TenantId, @theme, cast(@look as jsonb), cast(@before as jsonb), j.requested_by, j.id, @now from control.jobs j where j.id = @JobId
        on conflict (tenant_id) do update
        set theme = excluded.theme, look = excluded.look, changed_by = excluded.changed_by, job_id = excluded.job_id, changed_at = excluded.changed_at
        """;

    /// <summary>What was wanted of a tenant's modules, by name.</summary>
    public async Task<IReadOnlyList<TenantModuleRecord>> ListAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantModuleRecord>(Sql.Command(
            "select module, active, changed_by, job_id, changed_at from control.tenant_modules where tenant_id = @tenantId order by module",
            new { tenantId }, cancellationToken))).AsList();
    }

    /// <summary>The theme that was chosen for a tenant; null if it has none.</summary>
    public async Task<TenantThemeRecord?> FindThemeAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TenantThemeRecord>(Sql.Command(
            "select theme, look::text, look_before::text, changed_by, job_id, changed_at from control.tenant_themes where tenant_id = @tenantId",
            new { tenantId }, cancellationToken));
    }

    /// <summary>The modules of the version of its template that a tenant was cloned from; empty where they are not known.</summary>
    public async Task<IReadOnlyList<string>> ListTemplateModulesAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<string>(Sql.Command(
            """
            select jsonb_array_elements_text(v.contents -> 'modules') from control.tenants t
            join control.template_versions v on v.template_id = t.template_id and v.number = t.template_number
            where t.id = @tenantId
            """,
            new { tenantId }, cancellationToken))).AsList();
    }

    /// <summary>Opens a job in the caller's transaction; the tenant's row is locked first.</summary>
    public async Task<ModuleJobResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, ModuleChange change, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is not { } tenant)
        {
            return new ModuleJobResult.NotFound();
        }

        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return new ModuleJobResult.InTheWay(running);
        }

        if (tenant.State != TenantStates.Active)
        {
            return new ModuleJobResult.NotActive(tenant.State);
        }

        var order = new ChangeModulesOrder
        {
            TenantId = tenant.Id,
            JobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.ChangeModules, tenant.Code, tenant.Id, cancellationToken),
            Code = tenant.Code,
            Change = change,
        };
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = order.JobId,
                Kind = JobKinds.ChangeModules,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = tenant.Code,
                RequestedBy = requestedBy,
            },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set state = 'upgrading' where id = @Id", new { tenant.Id }, transaction, cancellationToken));
        return new ModuleJobResult.Opened(order, TenantStates.Upgrading);
    }

    /// <summary>Ends a change: the tenant is active if it is open, else suspended with the reason. May be called again and answers the same.</summary>
    /// <exception cref="PermanentFailureException">Another job has moved the tenant on.</exception>
    public async Task EndAsync(ModulesEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await TenantStore.LockAsync(connection, transaction, end.TenantId, cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.jobs where id = @JobId and finished_at is not null)", new { end.JobId }, transaction, cancellationToken)))
        {
            return;
        }

        var state = end.IsOpen ? TenantStates.Active : TenantStates.Suspended;
        var ended = await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants t set state = @state, reason = case when @IsOpen then null else @Reason end
            where t.id = @TenantId and t.state = 'upgrading' and exists (
              select from control.jobs j where j.id = @JobId and j.tenant_id = t.id and (@IsUndo or j.undo_attempts = 0))
            """,
            new { end.TenantId, end.JobId, end.IsOpen, end.IsUndo, end.Reason, state }, transaction, cancellationToken));
        if (ended == 0)
        {
            throw new PermanentFailureException($"The modules of tenant {end.TenantId} are not being changed by job '{end.JobId}'.");
        }

        if (end.Result is { } result)
        {
            if (result.SafetyBackupId is { } formerState)
            {
                await formerStates.KeepAsync(connection, transaction, end.JobId, formerState, cancellationToken);
            }

            await RecordAsync(connection, transaction, end.TenantId, end.JobId, end.Change, result.LookBefore, cancellationToken);
        }

        await jobs.FinishAsync(
            connection, transaction, end.JobId,
            new JobEnd { Outcome = end.Result is null ? JobOutcomes.Failed : JobOutcomes.Succeeded, Result = end.Result, Reason = end.Reason },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, end.TenantId, state, end.JobId);
    }

    private async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string jobId, ModuleChange change, ThemeLook? before,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        string[] names = [.. change.Activate, .. change.Deactivate];
        bool[] active = [.. change.Activate.Select(_ => true), .. change.Deactivate.Select(_ => false)];
        await connection.ExecuteAsync(Sql.Command(
            RecordSql, new { TenantId = tenantId, JobId = jobId, names, active, now }, transaction, cancellationToken));
        if (change.Theme is { Name: { } theme, Look: { } look })
        {
            await connection.ExecuteAsync(Sql.Command(
                RecordThemeSql,
                new { TenantId = tenantId, JobId = jobId, theme, look = Sql.ToJson(look), before = Sql.ToJson(before ?? look), now },
                transaction, cancellationToken));
        }
        else if (change.Theme is { Name: null })
        {
            await connection.ExecuteAsync(Sql.Command(
                "delete from control.tenant_themes where tenant_id = @tenantId", new { tenantId }, transaction, cancellationToken));
        }
    }
}
