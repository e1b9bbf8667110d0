using System.Security.Cryptography;
using System.Text;
using Bibind.Durable.History;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>Takes large texts out of the lines of a commit; the same text is stored once for each instance.</summary>
internal sealed class Payloads
{
    /// <summary>A text of more than this many characters is kept apart.</summary>
    public const int Threshold = 64 * 1024;

    private readonly Dictionary<(string InstanceId, string Key), string> _detached = [];

    /// <summary>The line as it is stored.</summary>
    public HistoryEvent Detach(string instanceId, HistoryEvent line)
    {
        if (line.Text is not { Length: > Threshold } text)
        {
            return line;
        }

        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        _detached[(instanceId, key)] = text;
        return line.WithText(null) with { Payload = key };
    }

    /// <summary>The lines as they are stored.</summary>
    public IReadOnlyList<HistoryEvent> Detach(string instanceId, IReadOnlyList<HistoryEvent> lines) =>
        lines.Any(l => l.Text is { Length: > Threshold }) ? [.. lines.Select(l => Detach(instanceId, l))] : lines;

    /// <summary>Stores what was detached, after the rows that own it; nothing in the usual case.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        if (_detached.Count == 0)
        {
            return;
        }

        // An owner that does not exist, or that refused the message, keeps nothing.
        batch.BatchCommands.Add(HubSql.Command(
            """
            INSERT INTO durable.payloads (instance_id, key, data)
            SELECT w.instance_id, w.key, w.data
            FROM unnest($1, $2, $3) AS w (instance_id, key, data)
            WHERE EXISTS (SELECT FROM durable.instances i WHERE i.instance_id = w.instance_id)
            ORDER BY w.instance_id, w.key
            ON CONFLICT DO NOTHING
            """,
            HubSql.Texts(_detached.Keys.Select(k => k.InstanceId)),
            HubSql.Texts(_detached.Keys.Select(k => k.Key)),
            HubSql.Texts(_detached.Values)));
    }

    /// <summary>Puts texts back into lines that were read; asks the database only if one is missing.</summary>
    public static async Task<Func<string, HistoryEvent, HistoryEvent>> LoadAsync(
        NpgsqlConnection connection, IEnumerable<(string InstanceId, HistoryEvent Line)> lines, CancellationToken cancellationToken)
    {
        var wanted = lines.Where(l => l.Line.Payload is not null).Select(l => (l.InstanceId, Key: l.Line.Payload!)).Distinct().ToArray();
        if (wanted.Length == 0)
        {
            return static (_, line) => line;
        }

        var texts = new Dictionary<(string, string), string>();
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            "SELECT p.instance_id, p.key, p.data FROM durable.payloads p JOIN unnest($1, $2) AS w (instance_id, key) USING (instance_id, key)",
            HubSql.Texts(wanted.Select(w => w.InstanceId)),
            HubSql.Texts(wanted.Select(w => w.Key))));
        await batch.PrepareAsync(cancellationToken);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            texts[(reader.GetString(0), reader.GetString(1))] = reader.GetString(2);
        }

        return (instanceId, line) => line.Payload is not { } key ? line
            : texts.TryGetValue((instanceId, key), out var text) ? line.WithText(text) with { Payload = null }
            : throw new InvalidOperationException($"The instance '{instanceId}' has lost the text of a line: payload {key} is gone.");
    }
}
