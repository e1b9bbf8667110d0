using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Databases;

/// <summary>The databases that are ours, in the control database.</summary>
public sealed class DatabaseRegister(NpgsqlDataSource database, TimeProvider time) : IDatabaseRegister
{
    private const string Columns = "server_id, oid, name, tenant_id, template_id, template_number, purpose, restored, content_hash";

    // Whose it is. The first version of a template has no number, as before there were versions.
    private const string IsHolders =
        "(tenant_id = @TenantId or (template_id = @TemplateId and coalesce(template_number, 1) = @Number and (purpose = 'trial') = @IsTrial))";

    private const string Unseen = "oid is null and looked_at is null";

    /// <inheritdoc/>
    public async Task<KnownDatabases> ListAsync(long serverId, DatabaseHolder holder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(holder);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var parameters = new { serverId, holder.TenantId, holder.TemplateId, holder.Number, holder.IsTrial };
        await using var both = await connection.QueryMultipleAsync(Sql.Command(
            $"""
            select {Columns} from control.databases
            where server_id = @serverId and {IsHolders} order by id;
            select exists (select from control.databases where server_id = @serverId and {Unseen})
            """,
            parameters, cancellationToken));
        var all = (await both.ReadAsync<Row>()).Select(Known).ToList();
        return new KnownDatabases(all, await both.ReadSingleAsync<bool>());
    }

    /// <inheritdoc/>
    public async Task<KnownDatabase?> FindAsync(long serverId, uint oid, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Row>(Sql.Command(
            $"select {Columns} from control.databases where server_id = @serverId and oid = @Oid", new { serverId, Oid = (long)oid }, cancellationToken)) is { } row
            ? Known(row)
            : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KnownDatabase>> FindTemplatesAsync(long serverId, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. (await connection.QueryAsync<Row>(Sql.Command(
            $"select {Columns} from control.databases where server_id = @serverId and name = @name and template_id is not null and purpose <> 'trial' order by id",
            new { serverId, name }, cancellationToken))).Select(Known)];
    }

    /// <inheritdoc/>
    public async Task RecordAsync(KnownDatabase known, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(known);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RecordAsync(connection, transaction, known, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Records a database in the caller's transaction.</summary>
    /// <exception cref="PermanentFailureException">It is recorded as somebody else's.</exception>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, KnownDatabase known, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(known);
        var parameters = new
        {
            known.ServerId,
            Oid = (long?)known.Oid,
            known.Name,
            known.Holder.TenantId,
            known.Holder.TemplateId,
            known.Holder.Number,
            known.Holder.IsTrial,
            TemplateNumber = known.Holder.Number > 1 ? known.Holder.Number : (int?)null,
            known.Purpose,
            known.Restored,
            known.ContentHash,
            Now = time.GetUtcNow(),
        };
        var recorded = await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.databases (server_id, oid, name, tenant_id, template_id, template_number, purpose, restored, content_hash, recorded_at)
            values (@ServerId, @Oid, @Name, @TenantId, @TemplateId, @TemplateNumber, @Purpose, @Restored, @ContentHash, @Now)
            on conflict (server_id, oid) do update
            set name = excluded.name, purpose = excluded.purpose, restored = excluded.restored, content_hash = excluded.content_hash
            where databases.tenant_id is not distinct from excluded.tenant_id and databases.template_id is not distinct from excluded.template_id
              and databases.template_number is not distinct from excluded.template_number
              and (databases.template_id is null or (databases.purpose = 'trial') = (excluded.purpose = 'trial'))
            """,
            parameters, transaction, cancellationToken));
        if (recorded == 0)
        {
            throw new PermanentFailureException($"The database '{known.Name}' (oid {known.Oid}) is recorded as somebody else's, not as that of {known.Holder}.");
        }

        await connection.ExecuteAsync(Sql.Command(
            $"delete from control.databases where server_id = @ServerId and name = @Name and oid is null and {IsHolders}",
            parameters, transaction, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(long serverId, uint oid, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.databases where server_id = @serverId and oid = @Oid", new { serverId, Oid = (long)oid }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ForgetUnrecognisedAsync(long serverId, DatabaseHolder holder, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(holder);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"delete from control.databases where server_id = @serverId and name = @name and oid is null and {IsHolders}",
            new { serverId, name, holder.TenantId, holder.TemplateId, holder.Number, holder.IsTrial }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnseenDatabase>> ListUnseenAsync(long serverId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<UnseenDatabase>(Sql.Command(
            $"""
            select id, name, mark, mark_owner as owner, template_id is not null as istemplate, purpose
            from control.databases where server_id = @serverId and {Unseen} order by id
            """,
            new { serverId }, cancellationToken))).AsList();
    }

    /// <inheritdoc/>
    public async Task SettleAsync(
        UnseenDatabase unseen, uint? oid, bool isThere, string? restored, string? contentHash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unseen);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // A template that was attached never had a mark, and what has no current purpose was perhaps never there.
        var keeps = oid is not null || (isThere && !unseen.IsTemplate && unseen.Purpose == DatabasePurposes.Current);
        await connection.ExecuteAsync(Sql.Command(
            keeps
                ? $"""
                  update control.databases set oid = @Oid, restored = @restored, content_hash = @contentHash, looked_at = @Now
                  where id = @Id and {Unseen}
                    and not exists (select from control.databases o where o.server_id = databases.server_id and o.oid = @Oid)
                  """
                : $"delete from control.databases where id = @Id and {Unseen}",
            new { unseen.Id, Oid = (long?)oid, restored, contentHash, Now = time.GetUtcNow() }, cancellationToken));
    }

    private static KnownDatabase Known(Row row) => new()
    {
        ServerId = row.ServerId,
        Oid = (uint?)row.Oid,
        Name = row.Name,
        Holder = row.TenantId is { } tenant ? DatabaseHolder.Tenant(tenant)
            : row.Purpose == DatabasePurposes.Trial ? DatabaseHolder.Trial(row.TemplateId!.Value, row.TemplateNumber ?? 1)
            : DatabaseHolder.Template(row.TemplateId!.Value, row.TemplateNumber ?? 1),
        Purpose = row.Purpose,
        Restored = row.Restored,
        ContentHash = row.ContentHash,
    };

    private sealed record Row
    {
        public long ServerId { get; init; }
        public long? Oid { get; init; }
        public string Name { get; init; } = string.Empty;
        public long? TenantId { get; init; }
        public long? TemplateId { get; init; }
        public int? TemplateNumber { get; init; }
        public string Purpose { get; init; } = string.Empty;
        public string? Restored { get; init; }
        public string? ContentHash { get; init; }
    }
}
