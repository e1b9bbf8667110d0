using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Support;

/// <summary>What an operator asks for.</summary>
/// <param name="Id">The number that the access is to have.</param>
/// <param name="Level">One of <see cref="Contracts.SupportLevels"/>.</param>
/// <param name="Minutes">How long.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedBy">Who.</param>
/// <param name="Requester">Tells callers of one name apart.</param>
/// <param name="Address">Where from.</param>
/// <param name="TokenHash">What the letter's token is found by, where one is written.</param>
public sealed record SupportWish(long Id, string Level, int Minutes, string Reason, string RequestedBy, string Requester, string? Address, string TokenHash);

/// <summary>Who decides about an access, and why.</summary>
public sealed record SupportDecision(string Who, string? Reason);

/// <summary>What people want of accesses: rows, in the caller's transaction.</summary>
public sealed class SupportOpening(JobStore jobs, INotices notices, IOptions<SupportOptions> options, TimeProvider time)
{
    private const string LoginLetters = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int LoginLength = 10;

    /// <summary>The number of the next access.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service opens accesses.")]
    public async Task<long> NextIdAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(Sql.Command("select nextval(pg_get_serial_sequence('control.support_accesses', 'id'))", null, cancellationToken));
    }

    /// <summary>Opens an access and its job, or answers the one that the operator has for the same reason. The tenant's plan of this moment says whether the customer has to consent.</summary>
    public async Task<SupportResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, SupportWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wish);
        if (await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is not { } tenant)
        {
            return new SupportResult.NoTenant();
        }

        if (await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            $"select * from control.support_accesses where tenant_id = @Id and requester = @Requester and {SupportStates.IsLive}",
            new { tenant.Id, wish.Requester }, transaction, cancellationToken)) is { } live)
        {
            return live.Reason == wish.Reason && live.Level == wish.Level && live.Minutes == wish.Minutes && live.State != SupportStates.Ending
                ? new SupportResult.Done(live, IsChanged: false)
                : new SupportResult.Live(live);
        }

        if (tenant.State != TenantStates.Active)
        {
            return new SupportResult.NotActive(tenant.State);
        }

        var needsConsent = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select support_consent from control.plan_versions where code = @Plan and version = @PlanVersion", new { tenant.Plan, tenant.PlanVersion }, transaction, cancellationToken));
        var now = time.GetUtcNow();
        var access = new SupportAccess
        {
            Id = wish.Id,
            TenantId = tenant.Id,
            TenantCode = tenant.Code,
            JobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.SupportAccess, tenant.Code, tenant.Id, cancellationToken),
            State = needsConsent ? SupportStates.Waiting : SupportStates.Granting,
            Level = wish.Level,
            Minutes = wish.Minutes,
            Reason = wish.Reason,
            RequestedBy = wish.RequestedBy,
            Requester = wish.Requester,
            Address = wish.Address,
            RequestedAt = now,
            NeedsConsent = needsConsent,
            ConsentUntil = needsConsent ? now + options.Value.ConsentWithin : null,
            Login = $"support-{RandomNumberGenerator.GetString(LoginLetters, LoginLength)}@{tenant.Host}",
        };
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = access.JobId,
                Kind = JobKinds.SupportAccess,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = tenant.Code,
                RequestedBy = wish.RequestedBy,
                Changing = false,
            },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.support_accesses
              (id, tenant_id, tenant_code, job_id, state, level, minutes, reason, requested_by, requester, address, requested_at, needs_consent, consent_until, token_hash, login)
            values (@Id, @TenantId, @TenantCode, @JobId, @State, @Level, @Minutes, @Reason, @RequestedBy, @Requester, @Address, @RequestedAt, @NeedsConsent, @ConsentUntil, @TokenHash, @Login)
            """,
            new
            {
                access.Id,
                access.TenantId,
                access.TenantCode,
                access.JobId,
                access.State,
                access.Level,
                access.Minutes,
                access.Reason,
                access.RequestedBy,
                access.Requester,
                access.Address,
                access.RequestedAt,
                access.NeedsConsent,
                access.ConsentUntil,
                TokenHash = needsConsent ? wish.TokenHash : null,
                access.Login,
            },
            transaction, cancellationToken));
        await jobs.AddNotesAsync(connection, transaction, access.JobId, [$"Asked for because: {wish.Reason}"], cancellationToken);
        await (needsConsent ? notices.RaiseAsync(connection, transaction, access.RequestedNotice(), cancellationToken) : Task.CompletedTask);
        return new SupportResult.Opened(access);
    }

    /// <summary>The customer consents, or refuses. Again the same; nothing after it has ended.</summary>
    public Task<SupportResult> DecideAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, long id, bool isGranted, SupportDecision decision, CancellationToken cancellationToken) =>
        ChangeAsync(
            connection, transaction, tenantId, id,
            access => access switch
            {
                { State: SupportStates.Waiting } when access.ConsentUntil > time.GetUtcNow() => Change.Now,
                { DecidedAt: not null, State: SupportStates.Refused } when !isGranted => Change.Before,
                { DecidedAt: not null, State: SupportStates.Granting or SupportStates.Open } when isGranted => Change.Before,
                _ => Change.Never,
            },
            isGranted
                ? "state = 'granting', decided_by = @Who, decided_at = @now, decision_reason = @Reason"
                : "state = 'refused', decided_by = @Who, decided_at = @now, decision_reason = @Reason, ended_at = @now",
            decision, cancellationToken);

    /// <summary>Ends an access. Again the same.</summary>
    public Task<SupportResult> RevokeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, long id, SupportDecision decision, CancellationToken cancellationToken) =>
        ChangeAsync(
            connection, transaction, tenantId, id,
            access => access.State switch
            {
                SupportStates.Waiting or SupportStates.Granting or SupportStates.Open => Change.Now,
                SupportStates.Ending or SupportStates.Ended => Change.Before,
                _ => Change.Never,
            },
            """
            state = case when state = 'waiting' then 'ended' else 'ending' end, ended_at = case when state = 'waiting' then @now end,
            revoked_by = @Who, revoked_at = @now, revoke_reason = @Reason
            """,
            decision, cancellationToken);

    /// <summary>Ends the access of a job that somebody cancels.</summary>
    public async Task RevokeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, SupportDecision decision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var (tenantId, id) = await connection.QuerySingleOrDefaultAsync<(long, long)>(Sql.Command(
            "select tenant_id, id from control.support_accesses where job_id = @jobId", new { jobId }, transaction, cancellationToken));
        await RevokeAsync(connection, transaction, tenantId, id, decision, cancellationToken);
    }

    private async Task<SupportResult> ChangeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, long id, Func<SupportAccess, Change> judge, string change, SupportDecision decision,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(decision);
        if (await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where tenant_id = @tenantId and id = @id for update", new { tenantId, id }, transaction, cancellationToken)) is not { } access)
        {
            return new SupportResult.NotFound();
        }

        return judge(access) switch
        {
            Change.Before => new SupportResult.Done(access, IsChanged: false),
            Change.Never => new SupportResult.WrongState(access),
            _ => new SupportResult.Done(
                await connection.QuerySingleAsync<SupportAccess>(Sql.Command(
                    $"update control.support_accesses set {change} where id = @id returning *", new { id, decision.Who, decision.Reason, now = time.GetUtcNow() }, transaction, cancellationToken)),
                IsChanged: true),
        };
    }

    private enum Change
    {
        Now,
        Before,
        Never,
    }
}
