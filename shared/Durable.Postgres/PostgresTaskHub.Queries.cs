using System.Globalization;
using System.Text;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
    private const string Columns =
        "instance_id, execution_id, name, version, status, created_at, updated_at, completed_at, input, output, custom_status, failure, parent_instance_id, tags, isolated_reason";

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand($"SELECT {Columns} FROM durable.instances WHERE instance_id = ANY ($1)", connection);
        command.Parameters.Add(HubSql.Texts(instanceIds));
        await command.PrepareAsync(cancellationToken);
        return (await ReadAsync(command, cancellationToken)).ToDictionary(i => i.InstanceId, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public async Task<OrchestrationPage> QueryAsync(HubQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var size = Math.Clamp(query.PageSize, 1, 1000);
        var conditions = new StringBuilder("true");
        var parameters = new List<NpgsqlParameter>();

        void Where(string condition, params NpgsqlParameter[] values)
        {
            conditions.Append(" AND ");
            var numbers = values.Select((_, i) => (object)$"${(parameters.Count + i + 1).ToString(CultureInfo.InvariantCulture)}").ToArray();
            conditions.AppendFormat(CultureInfo.InvariantCulture, condition, numbers);
            parameters.AddRange(values);
        }

        if (query.Statuses?.ToArray() is { Length: > 0 } statuses)
        {
            Where("status = ANY ({0})", HubSql.Shorts(statuses.Select(s => (short)s)));
        }

        if (!string.IsNullOrEmpty(query.InstanceIdPrefix))
        {
            Where("starts_with(instance_id, {0})", HubSql.Text(query.InstanceIdPrefix));
        }

        if (query.Name is not null)
        {
            Where("name = {0}", HubSql.Text(query.Name));
        }

        if (query.CreatedFrom is { } from)
        {
            Where("created_at >= {0}", HubSql.Time(from.UtcDateTime));
        }

        if (query.CreatedTo is { } to)
        {
            Where("created_at < {0}", HubSql.Time(to.UtcDateTime));
        }

        if (query.Quarantined is { } isolated)
        {
            Where(isolated ? "isolated_reason IS NOT NULL" : "isolated_reason IS NULL");
        }

        if (query.Tag is { } tag)
        {
            Where("tags @> {0}", HubSql.Jsonb(HistoryJson.Write(new Dictionary<string, string> { [tag.Key] = tag.Value })));
        }

        if (query.ContinuationToken is { } token)
        {
            var (createdAt, instanceId) = PageToken.Read(token);
            Where("(created_at, instance_id) < ({0}, {1})", HubSql.Time(createdAt), HubSql.Text(instanceId));
        }

        await using var command = _dataSource.CreateCommand(
            $"SELECT {Columns} FROM durable.instances WHERE {conditions} ORDER BY created_at DESC, instance_id DESC LIMIT {size.ToString(CultureInfo.InvariantCulture)}");
        command.Parameters.AddRange(parameters.ToArray());
        var page = await ReadAsync(command, cancellationToken);
        return new OrchestrationPage(page, page.Count < size ? null : PageToken.Write(page[^1].CreatedAt.UtcDateTime, page[^1].InstanceId));
    }

    /// <inheritdoc/>
    public async Task<HubBacklog> GetBacklogAsync(CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand(
            """
            SELECT m.count, coalesce(m.age, interval '0'), a.count, coalesce(a.age, interval '0'),
                   (SELECT count(*) FROM durable.instances WHERE isolated_reason IS NOT NULL)
            FROM (
              SELECT count(*), now() - min(visible_at) AS age FROM (
                SELECT m.visible_at FROM durable.messages m JOIN durable.leases l USING (instance_id)
                WHERE m.visible_at <= now() AND l.available_at <= now() ORDER BY m.visible_at LIMIT 10000) AS due) AS m,
            (SELECT count(*), now() - min(available_at) AS age FROM (
                SELECT available_at FROM durable.activities WHERE available_at <= now() ORDER BY available_at LIMIT 10000) AS due) AS a
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new HubBacklog(reader.GetInt64(0), reader.GetTimeSpan(1), reader.GetInt64(2), reader.GetTimeSpan(3), reader.GetInt64(4));
    }

    private static async Task<List<OrchestrationState>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var instances = new List<OrchestrationState>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            instances.Add(new OrchestrationState
            {
                InstanceId = reader.GetString(0),
                ExecutionId = reader.GetString(1),
                Name = reader.GetString(2),
                Version = reader.GetString(3),
                RuntimeStatus = (OrchestrationRuntimeStatus)reader.GetInt16(4),
                CreatedAt = new DateTimeOffset(reader.GetDateTime(5)),
                LastUpdatedAt = new DateTimeOffset(reader.GetDateTime(6)),
                CompletedAt = reader.IsDBNull(7) ? null : new DateTimeOffset(reader.GetDateTime(7)),
                SerializedInput = Nullable(8),
                SerializedOutput = Nullable(9),
                SerializedCustomStatus = Nullable(10),
                FailureDetails = HistoryJson.ReadFailure(Nullable(11)),
                ParentInstanceId = Nullable(12),
                Tags = HistoryJson.ReadTags(reader.GetString(13)),
                QuarantineReason = Nullable(14),
            });
        }

        return instances;

        string? Nullable(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }
}
