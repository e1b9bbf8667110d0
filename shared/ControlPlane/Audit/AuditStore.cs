using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Bibind.ControlPlane.Audit;

/// <summary>Keeps who did what. Rows are added, completed once, and forgotten when they are old; nothing else happens to them.</summary>
public sealed class AuditStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Rows that a list counts, and shows by the number of a page; older ones are reached by the filter's moments.</summary>
    public const int MostCounted = 10_000;

    private const int LongestText = 500;
    private const string Columns = "id, at, actor, role, customer, source, session, address, action, path, subject, reason, trace_id, status, done_at";

    /// <summary>Records what somebody is about to do; answers the row's number. When this returns, a crash does not lose it.</summary>
    public async Task<long> BeginAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = Insert(connection, entry, status: null);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Completes a row with its result. A server that crashes in this moment may forget the result, never the row.</summary>
    public async Task CompleteAsync(long id, AuditResult result, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(result);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);

        // One transaction, which waits for no disk: the row itself is on it.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set local synchronous_commit = off"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "update control.audit set status = $2, done_at = $3, subject = coalesce(subject, $4), reason = coalesce(reason, $5) where id = $1 and status is null")
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = id }, new NpgsqlParameter<short> { TypedValue = (short)result.Status }, Moment(time.GetUtcNow()), Text(result.Subject), Text(result.Reason),
            },
        });
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Records what has happened, with its result.</summary>
    public async Task AddAsync(AuditEntry entry, int status, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = Insert(connection, entry, status);
        await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Rows, newest first. The number of the page times its size is <see cref="MostCounted"/> at most.</summary>
    public async Task<AuditPage> ListAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        page = page.Checked();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page.Number * page.Size, MostCounted);

        // Only what is asked for stands in the statement, so that each filter has its index.
        List<string> conditions = [];
        Add(filter.Actor is not null, "actor = @Actor");
        Add(filter.Subject is not null, "subject = @Subject");
        Add(filter.From is not null, "at >= @From");
        Add(filter.To is not null, "at < @To");
        Add(filter.Unfinished, "status is null");
        var where = conditions.Count == 0 ? string.Empty : $"where {string.Join(" and ", conditions)}";
        var arguments = new { filter.Actor, filter.Subject, filter.From, filter.To, page.Size, page.Offset, MostCounted };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var counted = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) from (select from control.audit {where} limit @MostCounted + 1) c", arguments, cancellationToken));
        var rows = (await connection.QueryAsync<AuditRow>(Sql.Command(
            $"select {Columns} from control.audit {where} order by at desc, id desc limit @Size offset @Offset", arguments, cancellationToken))).AsList();
        return new AuditPage(rows, Math.Min(counted, MostCounted), counted <= MostCounted);

        void Add(bool isAsked, string condition)
        {
            if (isAsked)
            {
                conditions.Add(condition);
            }
        }
    }

    /// <summary>Forgets rows that are older, the oldest first; answers how many.</summary>
    public async Task<int> PurgeAsync(TimeSpan keepFor, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("set local bibind.purge_audit = 'on'", null, transaction, cancellationToken));
        var gone = await connection.ExecuteAsync(Sql.Command(
            "delete from control.audit where id in (select id from control.audit where at < @oldest order by at limit @most)",
            new { oldest = time.GetUtcNow() - keepFor, most }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return gone;
    }

    private NpgsqlCommand Insert(NpgsqlConnection connection, AuditEntry entry, int? status)
    {
        var now = time.GetUtcNow();
        return new NpgsqlCommand(
            """
            insert into control.audit (at, actor, role, customer, source, session, address, action, path, subject, reason, trace_id, status, done_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id
            """,
            connection)
        {
            Parameters =
            {
                Moment(now), Text(entry.Actor), Text(entry.Role), Text(entry.Customer), Text(entry.Source),
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bigint, Value = (object?)entry.Session ?? DBNull.Value }, Text(entry.Address), Text(entry.Action), Text(entry.Path),
                Text(entry.Subject), Text(entry.Reason), Text(entry.TraceId),
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Smallint, Value = status is { } known ? (short)known : DBNull.Value },
                status is null ? new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = DBNull.Value } : Moment(now),
            },
        };
    }

    private static NpgsqlParameter Moment(DateTimeOffset at) => new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, Value = at.UtcDateTime };

    // Callers write some of it: a text that PostgreSQL cannot store, or an endless one, must not keep the record from being made.
    private static NpgsqlParameter Text(string? text) => new() { NpgsqlDbType = NpgsqlDbType.Text, Value = (object?)Storable(text) ?? DBNull.Value };

    private static string? Storable(string? text)
    {
        if (text is null)
        {
            return null;
        }

        text = text.Length > LongestText ? text[..LongestText] : text;
        return string.Create(text.Length, text, static (kept, given) =>
        {
            for (var i = 0; i < kept.Length; i++)
            {
                var isWhole = !char.IsSurrogate(given[i])
                    || (char.IsHighSurrogate(given[i]) && i + 1 < given.Length && char.IsLowSurrogate(given[i + 1]))
                    || (char.IsLowSurrogate(given[i]) && i > 0 && char.IsHighSurrogate(given[i - 1]));
                kept[i] = isWhole && !char.IsControl(given[i]) ? given[i] : '\uFFFD';
            }
        });
    }
}
