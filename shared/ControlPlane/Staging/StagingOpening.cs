using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Staging;

/// <summary>Decides about orders for staging copies in the caller's transaction; the source's row is locked first, so a tenant has one copy at most.</summary>
public sealed class StagingOpening(JobStore jobs, IOptions<StagingOptions> options, TimeProvider time)
{
    private const string Suffix = "-staging";
    private const string NameSuffix = " (staging)";
    private const int LongestCode = 31;
    private const int LongestName = 128;
    private const int MostNames = 9;

    private const string InTheWaySql =
        "select id from control.jobs where tenant_id = @id and finished_at is null and (changing or kind = 'backup') order by changing desc, created_at limit 1";

    /// <summary>The moments between which a copy may be removed.</summary>
    public (DateTimeOffset From, DateTimeOffset To) Range => (time.GetUtcNow(), time.GetUtcNow() + options.Value.LongestLifetime);

    /// <summary>Opens the refreshing of the copy that there is, or says what is to be reserved for a new one.</summary>
    public async Task<StagingResult> OpenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, StagingOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(order);
        if (await TenantStore.LockAsync(connection, transaction, order.Source, cancellationToken) is not { } source)
        {
            return new StagingResult.NotFound();
        }

        if (RefusalOf(source) is { } refused)
        {
            return refused;
        }

        var known = await connection.QuerySingleOrDefaultAsync<long?>(Sql.Command(
            $"""
            select g.tenant_id from control.tenant_staging g join control.tenants t on t.id = g.tenant_id
            where g.source_tenant_id = @Id and {TenantStates.IsLive} order by g.tenant_id desc limit 1
            """,
            new { source.Id }, transaction, cancellationToken));
        return known is { } copy
            ? await RefreshAsync(connection, transaction, order, source, copy, cancellationToken)
            : new StagingResult.New(source.Id, [.. CodesFor(order).Select(c => OrderOf(source, c, order.RequestedBy))], ExpiryOf(order), order.Masking ?? options.Value.Rules);
    }

    /// <summary>Records what was reserved as the copy.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, StagingResult.New wanted, Reservation reservation, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(reservation);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.tenant_staging (tenant_id, source_tenant_id, expires_at, masking, job_id, ordered_by, ordered_at)
            values (@TenantId, @SourceTenantId, @ExpiresAt, @Masking::jsonb, @JobId, @requestedBy, @Now)
            """,
            new { reservation.TenantId, wanted.SourceTenantId, wanted.ExpiresAt, Masking = Sql.ToJson(wanted.Masking), reservation.JobId, requestedBy, Now = time.GetUtcNow() },
            transaction, cancellationToken));
    }

    private async Task<StagingResult> RefreshAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, StagingOrder order, Tenant source, long copyId, CancellationToken cancellationToken)
    {
        var copy = (await TenantStore.LockAsync(connection, transaction, copyId, cancellationToken))!;
        if (order.Code is { } code && code != copy.Code)
        {
            return new StagingResult.Invalid("code", $"Tenant '{source.Code}' has the staging copy '{copy.Code}' already, which keeps its code: leave the code out to refresh it, or remove that copy first");
        }

        if (await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(InTheWaySql, new { id = copy.Id }, transaction, cancellationToken)) is { } running)
        {
            return new StagingResult.JobRunning($"Job '{running}' of the staging copy '{copy.Code}' is in the way: wait for its end.");
        }

        // A failed refreshing leaves it suspended, and the next one mends that; what somebody suspended stays so until he opens it.
        if (copy.State != TenantStates.Active && (copy.State != TenantStates.Suspended || copy.IsSuspendedOnPurpose))
        {
            return new StagingResult.WrongState($"The staging copy '{copy.Code}' is {copy.State}: only one that is active is refreshed. Open or remove it first.");
        }

        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.Restore, copy.Code, copy.Id, cancellationToken);
        var backupId = BackupRef.IdOf(jobId, StagingBackups.Kind);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.Restore, TenantId = copy.Id, TenantCode = copy.Code, Subject = backupId, RequestedBy = order.RequestedBy },
            cancellationToken);
        var masking = await connection.QuerySingleAsync<string>(Sql.Command(
            """
            update control.tenants set state = 'restoring' where id = @Id;
            update control.tenant_staging set
              expires_at = case when @IsGiven then @ExpiresAt else greatest(expires_at, @ExpiresAt) end, masking = coalesce(@Masking::jsonb, masking),
              job_id = @jobId, ordered_by = @RequestedBy, ordered_at = @Now, version = version + 1
            where tenant_id = @Id returning masking::text
            """,
            new
            {
                copy.Id,
                IsGiven = order.ExpiresAt is not null,
                ExpiresAt = ExpiryOf(order),
                Masking = order.Masking is null ? null : Sql.ToJson(order.Masking),
                jobId,
                order.RequestedBy,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        var rules = new StagingCopy { MaskingJson = masking }.Masking;
        return new StagingResult.Refresh(
            new RestoreTenantOrder
            {
                TenantId = copy.Id,
                JobId = jobId,
                Code = copy.Code,
                BackupId = backupId,
                WasSuspended = copy.State == TenantStates.Suspended,
                Staging = new StagingContent(source.Id, source.Code, rules),
            },
            TenantStates.Restoring);
    }

    private static StagingResult.WrongState? RefusalOf(Tenant source) => source switch
    {
        { StagingOf: { } other } => new($"Tenant '{source.Code}' is a staging copy of '{other}' itself: order a copy of '{other}', which refreshes this one."),
        { State: TenantStates.Active } => null,
        { IsSuspendedOnPurpose: true } => new($"Tenant '{source.Code}' is suspended ({source.SuspensionCause}): resume it first; a suspended tenant is not copied."),
        _ => new($"Tenant '{source.Code}' is {source.State}: only an active tenant is copied."),
    };

    private DateTimeOffset ExpiryOf(StagingOrder order) => order.ExpiresAt?.ToUniversalTime() ?? time.GetUtcNow() + options.Value.Lifetime;

    // Names of hosts are taken by whoever came first: acme-staging may be a customer's own.
    private static IEnumerable<string> CodesFor(StagingOrder order) => order.Code is { } given
        ? [given]
        : Enumerable.Range(1, MostNames).Select(n => n == 1 ? Suffix : FormattableString.Invariant($"{Suffix}-{n}"))
            .Select(s => order.Source[..Math.Min(order.Source.Length, LongestCode - s.Length)].TrimEnd('-') + s);

    private static TenantOrder OrderOf(Tenant source, string code, string requestedBy) =>
        source.ToOrder(code, source.Name[..Math.Min(source.Name.Length, LongestName - NameSuffix.Length)] + NameSuffix, requestedBy) with { IsRestored = true };
}
