using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Moves;

/// <summary>
/// Opens moves: tenant, place at the target and job in one transaction. The tenant's row is locked first, then the servers', in the
/// order that reservations lock them in.
/// </summary>
public sealed class MoveOpening(NpgsqlDataSource database, JobStore jobs, IOptions<PlacementOptions> placement, TimeProvider time)
{
    /// <summary>Opens a move in the caller's transaction; one for later holds nothing until it begins.</summary>
    public async Task<MoveResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string tenantCode, MoveWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wish);
        if (await TenantStore.LockAsync(connection, transaction, tenantCode, cancellationToken) is not { } tenant)
        {
            return new MoveResult.NotFound(TenantStore.NoSuchTenant);
        }

        if (await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select job_id from control.tenant_moves where tenant_id = @Id and state in ('scheduled', 'moving')", new { tenant.Id }, transaction, cancellationToken)) is { } other)
        {
            return new MoveResult.JobRunning($"Job '{other}' moves tenant '{tenant.Code}' or is to move it: wait for its end, or cancel it if it has not begun.");
        }

        var (wanted, invalid) = await FindWantedAsync(connection, transaction, tenant, wish, cancellationToken);
        if (invalid is not null)
        {
            return invalid;
        }

        long? target = null;
        if (wish.StartAt is null)
        {
            var (found, refused) = await PlaceAsync(connection, transaction, tenant, wanted, wish.Region, wish.Labels, cancellationToken);
            if (refused is not null)
            {
                return refused;
            }

            target = found;
        }
        else if (ProblemWith(tenant) is { } problem)
        {
            return problem;
        }

        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.Move, tenant.Code, tenant.Id, cancellationToken);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = jobId,
                Kind = JobKinds.Move,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = tenant.Code,
                RequestedBy = wish.RequestedBy,
                Changing = target is not null,
            },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.tenant_moves (
              tenant_id, job_id, source_server_id, target_server_id, wanted_server_id, wanted_region, wanted_labels, state, reason, requested_by,
              requested_at, start_at, was_suspended, held_server_id, copy_server_id)
            values (
              @Id, @jobId, @ServerId, @target, @wanted, @Region, @Labels, case when @target::bigint is null then 'scheduled' else 'moving' end, @Reason, @RequestedBy,
              @Now, @StartAt, @WasSuspended, @target, @target)
            """,
            new
            {
                tenant.Id,
                jobId,
                tenant.ServerId,
                target,
                wanted,
                wish.Region,
                Labels = wish.Labels.ToArray(),
                wish.Reason,
                wish.RequestedBy,
                Now = time.GetUtcNow(),
                wish.StartAt,
                WasSuspended = tenant.State == TenantStates.Suspended,
            },
            transaction, cancellationToken));
        if (target is not null)
        {
            await SetMovingAsync(connection, transaction, tenant.Id, cancellationToken);
        }

        return new MoveResult.Opened((await MoveStore.FindByJobAsync(connection, transaction, jobId, cancellationToken))!);
    }

    /// <summary>The move whose time has come, with its place at the target; again the same once it has begun, and as it is once it has ended.</summary>
    /// <exception cref="PermanentFailureException">It cannot begin any more.</exception>
    /// <exception cref="MoveWaitsException">Another job of the tenant is to end first.</exception>
    public async Task<TenantMove> BeginAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var move = await MoveStore.FindByJobAsync(connection, transaction, jobId, cancellationToken)
            ?? throw new PermanentFailureException($"No move is known of job '{jobId}'.");
        var tenant = await TenantStore.LockAsync(connection, transaction, move.TenantId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {move.TenantId} in the control database.");
        move = (await MoveStore.FindByJobAsync(connection, transaction, jobId, cancellationToken))!;
        if (move.State != MoveStates.Scheduled)
        {
            return move;
        }

        var wanted = await connection.QuerySingleAsync<Wanted>(Sql.Command(
            "select wanted_server_id as server_id, wanted_region as region, wanted_labels as labels from control.tenant_moves where id = @Id",
            new { move.Id }, transaction, cancellationToken));
        var (target, refused) = await PlaceAsync(connection, transaction, tenant, wanted.ServerId, wanted.Region, wanted.Labels, cancellationToken);
        if (refused is MoveResult.JobRunning running)
        {
            throw new MoveWaitsException(running.Message);
        }

        if (refused is not null)
        {
            throw new PermanentFailureException(refused switch
            {
                MoveResult.WrongState wrong => wrong.Message,
                MoveResult.NoServer none => none.Message,
                _ => "The move cannot begin.",
            });
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenant_moves
            set state = 'moving', source_server_id = @ServerId, target_server_id = @target, held_server_id = @target, copy_server_id = @target, was_suspended = @WasSuspended
            where id = @Id;
            update control.jobs set changing = true where id = @jobId;
            """,
            new { move.Id, tenant.ServerId, target, WasSuspended = tenant.State == TenantStates.Suspended, jobId }, transaction, cancellationToken));
        await SetMovingAsync(connection, transaction, tenant.Id, cancellationToken);
        move = (await MoveStore.FindByJobAsync(connection, transaction, jobId, cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return move;
    }

    private static Task<int> SetMovingAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command("update control.tenants set state = 'moving' where id = @tenantId", new { tenantId }, transaction, cancellationToken));

    private static MoveResult.WrongState? ProblemWith(Tenant tenant) => tenant.State is TenantStates.Active or TenantStates.Suspended
        ? null
        : new MoveResult.WrongState($"Tenant '{tenant.Code}' is {tenant.State}: only an active or suspended tenant is moved.");

    private static async Task<(long? Server, MoveResult? Invalid)> FindWantedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, MoveWish wish, CancellationToken cancellationToken)
    {
        if (wish.Server is not { } code)
        {
            return (null, null);
        }

        var id = await connection.QuerySingleOrDefaultAsync<long?>(Sql.Command(
            $"select s.id from control.servers s where s.code = @code and {ServerRows.IsThere}", new { code }, transaction, cancellationToken));
        return id is null ? (null, new MoveResult.Invalid("server", $"There is no server '{code}': GET /api/servers lists them."))
            : id == tenant.ServerId ? (null, new MoveResult.Invalid("server", $"Tenant '{tenant.Code}' is on server '{code}' already."))
            : (id, null);
    }

    private async Task<(long Target, MoveResult? Refused)> PlaceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, long? wanted, string? region, IReadOnlyList<string> labels,
        CancellationToken cancellationToken)
    {
        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return (0, new MoveResult.JobRunning($"Job '{running}' of tenant '{tenant.Code}' is in the way: wait for its end."));
        }

        if (ProblemWith(tenant) is { } problem)
        {
            return (0, problem);
        }

        var wish = await WishAsync(connection, transaction, tenant, isNamed: wanted is not null, region, labels, cancellationToken);
        var candidates = (await Placement.LockCandidatesAsync(connection, transaction, wish, cancellationToken)).Where(IsMeant).ToList();
        if (Placement.Choose(candidates, wish, placement.Value.Strategy).FirstOrDefault() is { } place)
        {
            return (place.ServerId, null);
        }

        var all = (await Placement.ReadAsync(connection, transaction, wish, null, cancellationToken)).Where(IsMeant);
        return (0, new MoveResult.NoServer(
            $"No server can take tenant '{tenant.Code}'.{Placement.Sentence(Placement.Explain(all, wish))}"));

        bool IsMeant(ServerStanding server) => server.ServerId != tenant.ServerId && (wanted is null || server.ServerId == wanted);
    }

    // As it was sold. Whoever names a server knows it: neither region nor labels nor a reserve of places keep the tenant from it.
    private async Task<PlacementWish> WishAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, bool isNamed, string? region, IReadOnlyList<string> labels,
        CancellationToken cancellationToken)
    {
        var terms = await connection.QuerySingleAsync<Terms>(Sql.Command(
            """
            select t.places as size, coalesce(p.region, o.region) as region,
                   array(select distinct unnest(p.labels || o.labels) order by 1) as labels
            from control.tenants t
            join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
            join control.offer_versions o on o.code = t.offer and o.version = t.offer_version
            where t.id = @Id
            """,
            new { tenant.Id }, transaction, cancellationToken));
        return new PlacementWish
        {
            DatabaseName = tenant.Database,
            Size = terms.Size,
            Region = isNamed ? region : region ?? terms.Region,
            Labels = isNamed ? labels : [.. labels.Union(terms.Labels, StringComparer.Ordinal)],
            MinimumFreePercent = isNamed ? 0 : placement.Value.MinimumFreePercent,
        };
    }

    private sealed record Terms
    {
        public int Size { get; init; }
        public string? Region { get; init; }
        public IReadOnlyList<string> Labels { get; init; } = [];
    }

    private sealed record Wanted
    {
        public long? ServerId { get; init; }
        public string? Region { get; init; }
        public IReadOnlyList<string> Labels { get; init; } = [];
    }
}

/// <summary>A move that waits for the end of another job of its tenant.</summary>
public sealed class MoveWaitsException(string message) : Exception(message);
