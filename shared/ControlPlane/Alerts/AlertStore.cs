using Bibind.ControlPlane.Notices;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Alerts;

/// <summary>The alerts in the control database: one open for each cause, closed by the first look that does not find it.</summary>
public sealed class AlertStore(NpgsqlDataSource database, INotices notices, TimeProvider time)
{
    /// <summary>Causes of a kind that get an alert each; what is beyond gets one together: nobody reads thousands.</summary>
    public const int MostOfAKind = 100;

    /// <summary>The subject of what is beyond.</summary>
    public const string More = "more";

    private const string SaveSql =
        """
        insert into control.alerts as a (kind, subject, severity, reason, first_seen_at, seen_at, raised_at)
        select @kind, c.subject, c.severity, c.reason, @now, @now, case when @after = interval '0' then @now end
        from unnest(@subjects, @severities, @reasons) c (subject, severity, reason)
        on conflict (kind, subject) where closed_at is null do update set
          severity = excluded.severity, reason = excluded.reason, seen_at = excluded.seen_at,
          raised_at = coalesce(a.raised_at, case when a.first_seen_at <= @now - @after then @now end)
        returning case when raised_at = @now then subject end
        """;

    private const string CloseSql =
        """
        delete from control.alerts where kind = @kind and closed_at is null and raised_at is null and subject <> all (@subjects);
        update control.alerts set closed_at = @now where kind = @kind and closed_at is null and subject <> all (@subjects) returning subject;
        """;

    /// <summary>
    /// Takes over what a look at a kind found, with the notices that follow, in one transaction. Does nothing while another machine takes over its own look
    /// at the same kind.
    /// </summary>
    /// <param name="kind">One of <see cref="AlertKinds"/>.</param>
    /// <param name="after">How long a cause lasts before people hear of it.</param>
    /// <param name="causes">All that there are now.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<AlertChanges> SaveAsync(string kind, TimeSpan after, IReadOnlyList<AlertCause> causes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(causes);
        var kept = Bound(causes);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select pg_try_advisory_xact_lock(hashtextextended('alerts ' || @kind, 0))", new { kind }, transaction, cancellationToken)))
        {
            return AlertChanges.None;
        }

        var parameters = new
        {
            kind,
            after,
            now,
            subjects = kept.Select(c => c.Subject).ToArray(),
            severities = kept.Select(c => c.Severity).ToArray(),
            reasons = kept.Select(c => c.Reason).ToArray(),
        };
        var told = (await connection.QueryAsync<string?>(Sql.Command(SaveSql, parameters, transaction, cancellationToken))).ToHashSet(StringComparer.Ordinal);
        var raised = kept.Where(c => told.Contains(c.Subject)).ToList();
        var closed = (await connection.QueryAsync<string>(Sql.Command(CloseSql, parameters, transaction, cancellationToken))).AsList();
        if (AlertKinds.Told.Contains(kind))
        {
            foreach (var cause in raised)
            {
                await notices.RaiseAsync(connection, transaction, Notice.AlertRaised(kind, cause.Subject, cause.Severity, cause.Reason), cancellationToken);
            }

            foreach (var subject in closed)
            {
                await notices.CloseAsync(connection, transaction, Notice.AlertRaised(kind, subject, string.Empty, string.Empty), cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return new AlertChanges(raised, closed);
    }

    /// <summary>Alerts that people were told of, newest first.</summary>
    /// <param name="kind">Of this kind only.</param>
    /// <param name="open">True: only open ones; false: only those that are over.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    public async Task<Page<Alert>> ListAsync(string? kind, bool? open, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where =
            """
            from control.alerts where raised_at is not null and (@kind::text is null or kind = @kind)
              and (@open::boolean is null or (closed_at is null) = @open)
            """;
        page = page.Checked();
        var parameters = new { kind, open, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Alert>(Sql.Command(
            $"select * {Where} order by raised_at desc, id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Alert>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>How many are open, by kind and severity.</summary>
    public async Task<IReadOnlyList<AlertCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<AlertCount>(Sql.Command(
            "select kind, severity, count(*) as alerts from control.alerts where closed_at is null and raised_at is not null group by kind, severity order by kind, severity",
            null, cancellationToken))).AsList();
    }

    /// <summary>Since when something of these kinds is wrong; null if nothing is.</summary>
    public async Task<DateTimeOffset?> FindOldestAsync(IReadOnlyCollection<string> kinds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<DateTimeOffset?>(Sql.Command(
            "select min(first_seen_at) from control.alerts where closed_at is null and raised_at is not null and kind = any(@kinds)", new { kinds = kinds.ToArray() }, cancellationToken));
    }

    /// <summary>Closes what is open of kinds that nobody looks at any more; answers how many.</summary>
    public async Task<int> CloseOthersAsync(IReadOnlyCollection<string> kinds, CancellationToken cancellationToken)
    {
        var closed = 0;
        foreach (var kind in AlertKinds.All.Except(kinds))
        {
            closed += (await SaveAsync(kind, TimeSpan.Zero, [], cancellationToken)).Closed.Count;
        }

        return closed;
    }

    /// <summary>Deletes alerts that were over before; answers how many.</summary>
    public async Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            "delete from control.alerts where id in (select id from control.alerts where closed_at < @before order by closed_at limit @most)", new { before, most }, cancellationToken));
    }

    private static List<AlertCause> Bound(IReadOnlyList<AlertCause> causes)
    {
        var kept = causes.DistinctBy(c => c.Subject, StringComparer.Ordinal).OrderBy(c => c.Severity, StringComparer.Ordinal).Take(MostOfAKind).ToList();
        if (causes.Count > kept.Count)
        {
            kept.Add(new AlertCause(More, AlertSeverities.Critical, $"There are more than {MostOfAKind} of the kind: look for one cause, such as a server, a provider or a release."));
        }

        return kept;
    }
}
