using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>The statement that fetches the messages of instances that the worker holds, and its reader.</summary>
internal static class HeldInboxes
{
    private const string Fetch =
        """
        SELECT h.instance_id, m.id, m.execution_id, m.event
        FROM unnest($1) AS h (instance_id)
        CROSS JOIN LATERAL (
          SELECT id, execution_id, event FROM durable.messages
          WHERE instance_id = h.instance_id AND visible_at <= now()
          ORDER BY id LIMIT 1000) AS m
        ORDER BY m.id
        """;

    public static void AddTo(NpgsqlBatch batch, LeaseRequest request) => batch.BatchCommands.Add(HubSql.Command(Fetch, HubSql.Texts(request.Held)));

    /// <summary>Reads the statement's rows, and goes on to the next statement's.</summary>
    public static async Task<IReadOnlyList<InboxMessage>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var messages = new List<InboxMessage>();
        while (await reader.ReadAsync(cancellationToken))
        {
            messages.Add(new InboxMessage(
                Id: reader.GetInt64(1),
                InstanceId: reader.GetString(0),
                ExecutionId: await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetString(2),
                Event: HistoryJson.Read(reader.GetString(3))));
        }

        await reader.NextResultAsync(cancellationToken);
        return messages;
    }
}
