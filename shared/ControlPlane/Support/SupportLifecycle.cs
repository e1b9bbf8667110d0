using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Support;

/// <summary>What the job of an access does to its row. Every method may be called again and answers the same; a step that comes late changes nothing.</summary>
public sealed class SupportLifecycle(
    NpgsqlDataSource database, TenantStore tenants, JobStore jobs, INotices notices, SupportSecrets secrets, TimeProvider time, ILogger<SupportLifecycle> logger)
{
    private const string Restoring = $"'{JobKinds.Restore}', '{JobKinds.Resume}', '{JobKinds.ChangeModules}'";

    // Jobs that put a former state of a database in its place.
    private const string BroughtBackSql =
        $"""
        select exists (select from control.tenants where id = @tenantId and state in ('{TenantStates.Moving}', '{TenantStates.Restoring}', '{TenantStates.Upgrading}'))
          or exists (select from control.jobs where tenant_id = @tenantId and kind in ({Restoring}) and finished_at is null)
          or exists (select from control.jobs where tenant_id = @tenantId and kind in ({Restoring}, '{JobKinds.Move}', '{JobKinds.Upgrade}') and finished_at >= @since)
        """;

    /// <summary>What is to be done about an access now; one that nobody consented to in time expires by it.</summary>
    public Task<SupportTurn> LookAsync(SupportAccessOrder order, CancellationToken cancellationToken) => WithinAsync(
        order,
        async (access, connection, transaction) =>
        {
            var now = time.GetUtcNow();
            switch (access.State)
            {
                case SupportStates.Waiting when access.ConsentUntil > now && !await IsGoingAsync(connection, transaction, order.TenantId, cancellationToken):
                    return new SupportTurn(SupportTurn.Wait, access.ConsentUntil.Value - now);
                case SupportStates.Waiting:
                    await UpdateAsync(connection, transaction, access, "state = 'expired', ended_at = @now", cancellationToken);
                    return new SupportTurn(SupportTurn.Over);
                case SupportStates.Granting:
                    return new SupportTurn(SupportTurn.Grant);
                case SupportStates.Open when access.ExpiresAt > now && !await IsGoingAsync(connection, transaction, order.TenantId, cancellationToken):
                    return new SupportTurn(SupportTurn.Wait, access.ExpiresAt.Value - now);
                case SupportStates.Open or SupportStates.Ending:
                    return new SupportTurn(SupportTurn.Close);
                default:
                    return new SupportTurn(SupportTurn.Over);
            }
        },
        cancellationToken);

    /// <summary>The access and the tenant's place, if the account is to be made; null if it was called off.</summary>
    /// <exception cref="PermanentFailureException">The tenant is not one that is entered now.</exception>
    public async Task<(SupportAccess Access, TenantDescriptor Place)?> BeginAsync(SupportAccessOrder order, CancellationToken cancellationToken)
    {
        var access = await GetAsync(order, cancellationToken);
        if (access.State != SupportStates.Granting)
        {
            return null;
        }

        var tenant = await tenants.GetAsync(order.TenantId, cancellationToken);
        return tenant is { State: TenantStates.Active }
            ? (access, tenant.ToPlace(order.JobId))
            : throw new PermanentFailureException($"Tenant '{order.Code}' is {tenant?.State ?? "gone"}: its application is entered only where it is active. Ask again once it is.");
    }

    /// <summary>Remembers the account before it can be used; false if the access was called off meanwhile.</summary>
    /// <exception cref="PermanentFailureException">Another account was remembered.</exception>
    public Task<bool> RecordAccountAsync(SupportAccessOrder order, int id, string mark, CancellationToken cancellationToken) => WithinAsync(
        order,
        async (access, connection, transaction) =>
        {
            if (access.State != SupportStates.Granting)
            {
                return false;
            }

            if (access.AccountId is { } known && (known != id || access.AccountMark != mark))
            {
                throw new PermanentFailureException($"The account '{access.Login}' in the application of tenant '{order.Code}' is not the one that was made: somebody there has changed it.");
            }

            await connection.ExecuteAsync(Sql.Command(
                "update control.support_accesses set account_id = @accountId, account_mark = @mark where id = @Id", new { access.Id, accountId = id, mark }, transaction, cancellationToken));
            return true;
        },
        cancellationToken);

    /// <summary>From here on the time runs; false if the access was called off meanwhile. Without consent, the customer is told.</summary>
    public Task<bool> OpenAsync(SupportAccessOrder order, CancellationToken cancellationToken) => WithinAsync(
        order,
        async (access, connection, transaction) =>
        {
            if (access.State == SupportStates.Granting)
            {
                var opened = await UpdateAsync(
                    connection, transaction, access, "state = 'open', opened_at = @now, expires_at = @now + make_interval(mins => minutes)", cancellationToken);
                Logs.SupportOpened(logger, access.Id, access.RequestedBy, access.TenantCode, access.Level, opened.ExpiresAt!.Value);
                await (access.NeedsConsent ? Task.CompletedTask : notices.RaiseAsync(
                    connection, transaction, Notice.SupportOpened(access.TenantId, access.Id, access.RequestedBy, access.Reason, access.Level, opened.OpenedAt!.Value, opened.ExpiresAt.Value),
                    cancellationToken));
                return true;
            }

            return access.State == SupportStates.Open;
        },
        cancellationToken);

    /// <summary>From here on the account is being removed; null if there never was one, or can be none any more.</summary>
    /// <returns>The access, and where the tenant's database is now.</returns>
    public async Task<(SupportAccess Access, TenantDescriptor Place)?> BeginRemovalAsync(SupportAccessOrder order, CancellationToken cancellationToken)
    {
        var access = await WithinAsync(
            order,
            async (row, connection, transaction) => row.State is SupportStates.Granting or SupportStates.Open
                ? await UpdateAsync(connection, transaction, row, "state = 'ending'", cancellationToken)
                : row,
            cancellationToken);
        var tenant = await tenants.GetAsync(order.TenantId, cancellationToken);
        return access.State != SupportStates.Ending || tenant is null or { State: TenantStates.Terminated or TenantStates.Failed } ? null : (access, tenant.ToPlace(order.JobId));
    }

    /// <summary>True if a job that brings former states of the tenant's database back was under way at some moment since.</summary>
    public async Task<bool> IsBroughtBackAsync(SupportAccessOrder order, DateTimeOffset since, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(BroughtBackSql, new { tenantId = order.TenantId, since }, cancellationToken));
    }

    /// <summary>Closes row and job; the customer is told that it ended, if it was open.</summary>
    public async Task EndAsync(SupportAccessEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var order = end.Order;
        await secrets.ForgetAsync(order.TenantId, order.AccessId, cancellationToken);
        await WithinAsync(order, (access, connection, transaction) => EndAsync(access, end, connection, transaction, cancellationToken), cancellationToken);
    }

    private async Task<bool> EndAsync(SupportAccess access, SupportAccessEnd end, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (access.EndedAt is null)
        {
            access = await connection.QuerySingleAsync<SupportAccess>(Sql.Command(
                "update control.support_accesses set state = @state, ended_at = @now, failure = @Failure, result = @left where id = @Id returning *",
                new
                {
                    access.Id,
                    state = end.Failure is null ? SupportStates.Ended : SupportStates.Failed,
                    end.Failure,
                    left = end.Removed?.Left.ToArray() ?? [],
                    now = time.GetUtcNow(),
                },
                transaction, cancellationToken));
        }

        if (await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.jobs where id = @JobId and finished_at is not null)", new { end.Order.JobId }, transaction, cancellationToken)))
        {
            return true;
        }

        string[] notes = [.. new[] { end.Removed?.Note }.OfType<string>(), .. access.Result.Select(left => $"Left by its user: {left}")];
        await jobs.AddNotesAsync(connection, transaction, end.Order.JobId, notes, cancellationToken);
        await jobs.FinishAsync(connection, transaction, end.Order.JobId, JobEndOf(access, end), cancellationToken);
        Logs.SupportEnded(logger, access.Id, access.RequestedBy, access.TenantCode, access.State);
        await (access.OpenedAt is { } opened
            ? notices.RaiseAsync(
                connection, transaction, Notice.SupportEnded(access.TenantId, access.Id, access.RequestedBy, access.Reason, access.Level, opened, access.EndedAt!.Value), cancellationToken)
            : Task.CompletedTask);
        return true;
    }

    private static JobEnd JobEndOf(SupportAccess access, SupportAccessEnd end) => new()
    {
        Outcome = access.State == SupportStates.Failed ? JobOutcomes.Failed : access.OpenedAt is null ? JobOutcomes.Cancelled : JobOutcomes.Succeeded,
        Result = access.OpenedAt is null ? null : new SupportAccessEnded { Code = access.TenantCode, AccessId = access.Id, Left = access.Result },
        Reason = access.State switch
        {
            SupportStates.Failed => access.Failure,
            SupportStates.Refused => $"Refused by {access.DecidedBy}{(access.DecisionReason is { } why ? $": {why}" : ".")}",
            SupportStates.Expired => "The customer did not consent in time.",
            _ when access.RevokedBy is { } who => $"Revoked by {who}{(access.RevokeReason is { } why ? $": {why}" : ".")}",
            _ when access.OpenedAt is null => JobReasons.EndedFromOutside,
            _ => null,
        },
        Inventory = end.Removed is null ? null : new Inventory { Items = [new InventoryItem("support-account", access.Login, InventoryItem.Absent, end.Removed.Note)] },
    };

    private async Task<SupportAccess> GetAsync(SupportAccessOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where id = @AccessId and tenant_id = @TenantId and job_id = @JobId", new { order.AccessId, order.TenantId, order.JobId }, cancellationToken))
            ?? throw Unknown(order);
    }

    private async Task<T> WithinAsync<T>(
        SupportAccessOrder order, Func<SupportAccess, NpgsqlConnection, NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var access = await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where id = @AccessId and tenant_id = @TenantId and job_id = @JobId for update",
            new { order.AccessId, order.TenantId, order.JobId }, transaction, cancellationToken)) ?? throw Unknown(order);
        var result = await work(access, connection, transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    private async Task<SupportAccess> UpdateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, SupportAccess access, string change, CancellationToken cancellationToken) =>
        await connection.QuerySingleAsync<SupportAccess>(Sql.Command(
            $"update control.support_accesses set {change} where id = @Id returning *", new { access.Id, now = time.GetUtcNow() }, transaction, cancellationToken));

    private static Task<bool> IsGoingAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"select exists (select from control.tenants where id = @tenantId and state in ('{TenantStates.Terminating}', '{TenantStates.Terminated}', '{TenantStates.Failed}'))",
            new { tenantId }, transaction, cancellationToken));

    private static PermanentFailureException Unknown(SupportAccessOrder order) => new($"Job '{order.JobId}' is of no support access {order.AccessId} of tenant '{order.Code}'.");
}
