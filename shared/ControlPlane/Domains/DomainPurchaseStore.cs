using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Domains;

/// <summary>A domain that is being bought, or was.</summary>
public sealed record DomainPurchase
{
    public long Id { get; init; }
    public string Name { get; init; } = string.Empty;
    public string Provider { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;

    /// <summary><c>ordering</c>, <c>ordered</c>, <c>registered</c> or <c>failed</c>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>What stands ready at the registrar to be ordered, by its own name; null if nothing does.</summary>
    public string? Preparation { get; init; }

    /// <summary>When the order was about to be placed: it may have been since.</summary>
    public DateTimeOffset? AttemptedAt { get; init; }

    /// <summary>The registrar's own number of the order.</summary>
    public string? Reference { get; init; }
    public decimal? Amount { get; init; }
    public string? Currency { get; init; }
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>When this name was first to be bought here: an order since then may be ours.</summary>
    public DateTimeOffset Since { get; init; }
}

/// <summary>A domain to buy, not in the database yet.</summary>
public sealed record NewDomainPurchase(string Name, string Provider, string? Tenant, string RequestedBy);

/// <summary>The purchases of domains in the control database. Every method but <see cref="OpenAsync"/> may be called again.</summary>
public sealed class DomainPurchaseStore(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Opens a purchase with its job in the caller's transaction.</summary>
    /// <returns>Ids of purchase and job; null if the name is being bought already, and the caller rolls back.</returns>
    public async Task<(long Id, string JobId)?> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewDomainPurchase purchase, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(purchase);
        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.domain_purchases', 'id'))", null, transaction, cancellationToken));
        var jobId = $"buy-domain-{id}";
        var tenant = purchase.Tenant is { } code
            ? await connection.ExecuteScalarAsync<long?>(Sql.Command(
                $"select t.id from control.tenants t {TenantStore.ByCode}", new { code }, transaction, cancellationToken))
            : null;
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = jobId,
                Kind = JobKinds.BuyDomain,
                TenantId = tenant,
                TenantCode = tenant is null ? null : purchase.Tenant,
                Subject = purchase.Name,
                RequestedBy = purchase.RequestedBy,
                Changing = false,
            },
            cancellationToken);
        var inserted = await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.domain_purchases (id, name, provider, tenant_code, job_id, state, requested_by, created_at, updated_at)
            values (@id, @Name, @Provider, @Tenant, @jobId, 'ordering', @RequestedBy, @Now, @Now)
            on conflict do nothing
            """,
            new { id, purchase.Name, purchase.Provider, purchase.Tenant, jobId, purchase.RequestedBy, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return inserted == 0 ? null : (id, jobId);
    }

    /// <summary>The job that is buying a name, or null.</summary>
    public async Task<string?> FindOpenJobAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select job_id from control.domain_purchases where name = @name and state in ('ordering', 'ordered')", new { name }, cancellationToken));
    }

    /// <exception cref="PermanentFailureException">There is no such purchase.</exception>
    public async Task<DomainPurchase> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<DomainPurchase>(Sql.Command(
            """
            select p.*, (select min(f.created_at) from control.domain_purchases f where f.name = p.name) as since
            from control.domain_purchases p where p.id = @id
            """,
            new { id }, cancellationToken))
            ?? throw new PermanentFailureException($"There is no purchase {id} in the control database.");
    }

    /// <summary>Keeps what stands ready at the registrar; two that prepare at once go on with the same.</summary>
    /// <param name="former">What was kept before.</param>
    /// <returns>What is kept now.</returns>
    public async Task<string> KeepPreparationAsync(long id, string? former, string preparation, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.domain_purchases set preparation = @preparation, updated_at = @Now where id = @id and preparation is not distinct from @former",
            new { id, former, preparation, Now = time.GetUtcNow() }, cancellationToken));
        return await connection.ExecuteScalarAsync<string>(Sql.Command(
            "select preparation from control.domain_purchases where id = @id", new { id }, cancellationToken)) ?? preparation;
    }

    /// <summary>From now on the order may have been placed.</summary>
    public Task NoteAttemptAsync(long id, CancellationToken cancellationToken) => SetAsync(
        "attempted_at = coalesce(attempted_at, @Now)", new { id, Now = time.GetUtcNow() }, cancellationToken);

    /// <summary>The registrar has the order.</summary>
    /// <param name="reference">Its number; null if the name is in the account without one.</param>
    /// <param name="price">What it was ordered for, if this was seen.</param>
    public Task NoteOrderedAsync(long id, string? reference, Price? price, CancellationToken cancellationToken) => SetAsync(
        "state = 'ordered', reference = coalesce(@reference, reference), amount = coalesce(@Amount, amount), currency = coalesce(@Currency, currency)",
        new { id, reference, price?.Amount, price?.Currency, Now = time.GetUtcNow() }, cancellationToken);

    /// <summary>Ends the purchase and its job.</summary>
    public async Task<DomainBought> EndAsync(PurchaseEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var purchase = await GetAsync(end.Order.PurchaseId, cancellationToken);
        var bought = new DomainBought
        {
            Name = purchase.Name,
            Provider = purchase.Provider,
            Reference = purchase.Reference,
            Price = purchase is { Amount: { } amount, Currency: { } currency } ? new Price(amount, currency) : null,
            AddDomainJob = end.Attached?.Job,
            Notes = end.Attached?.Note is { } note ? [note] : [],
        };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.domain_purchases set state = @State, reason = @Reason, updated_at = @Now where id = @Id",
            new { purchase.Id, State = end.Reason is null ? "registered" : "failed", end.Reason, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await jobs.FinishAsync(
            connection, transaction, end.Order.JobId,
            new JobEnd { Outcome = end.Reason is null ? JobOutcomes.Succeeded : JobOutcomes.Failed, Reason = end.Reason, Result = bought }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return bought;
    }

    private async Task SetAsync(string changes, object values, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command($"update control.domain_purchases set {changes}, updated_at = @Now where id = @id", values, cancellationToken));
    }
}
