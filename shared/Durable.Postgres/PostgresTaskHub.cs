using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>
/// The task hub in PostgreSQL. The schema file <c>001_task_hub.sql</c> explains tables, flow and invariants in one
/// screen. Thread-safe.
/// </summary>
public sealed partial class PostgresTaskHub : ITaskHub
{
    // Arrays of unknown length make every generic plan look dear, so the server would plan each statement each time; and
    // a plan that scans a whole table, made while it was small, would be kept after it has grown.
    private const string Planning =
        "-c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

    // Writes share connections, so more of them would wait in the server instead of here.
    private const int ConnectionsAtMost = 20;

    private readonly NpgsqlDataSource _dataSource;
    private readonly NpgsqlDataSource? _owned;
    private readonly PostgresTaskHubOptions _options;
    private readonly PostgresWorkSignal _signal;
    private readonly WriteGroup<NewInstance, short?> _created;

    /// <summary>A hub on a database, with a pool of its own; several hubs, in several processes, may share the database.</summary>
    /// <param name="connectionString">The database; see <see cref="CreateDataSource"/>.</param>
    public PostgresTaskHub(string connectionString, PostgresTaskHubOptions? options = null)
        : this(CreateDataSource(connectionString), options) => _owned = _dataSource;

    /// <summary>A hub on a pool that the caller keeps, best one from <see cref="CreateDataSource"/>.</summary>
    public PostgresTaskHub(NpgsqlDataSource dataSource, PostgresTaskHubOptions? options = null)
    {
        _dataSource = dataSource;
        _options = options ?? new PostgresTaskHubOptions();
        _signal = new PostgresWorkSignal(dataSource);
        _created = new WriteGroup<NewInstance, short?>(CreatedAtOnce, CreateTogetherAsync);
    }

    /// <summary>
    /// A pool of connections set up for the hub's statements, which are short, few and always the same: planned for tables of
    /// which most rows are wanted by nobody.
    /// </summary>
    /// <remarks>
    /// The hub prepares its statements itself. Npgsql's automatic preparation (10.0) loses the description of a statement whose
    /// preparing call fails or is cancelled; the next call on that connection then reads another statement's rows.
    /// </remarks>
    /// <param name="connectionString">The database; options that are given in it win.</param>
    public static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 0, NoResetOnClose = true };
        settings.Options = $"{Planning} {settings.Options}".TrimEnd();
        if (!settings.ShouldSerialize("Maximum Pool Size"))
        {
            settings.MaxPoolSize = ConnectionsAtMost;
        }

        return NpgsqlDataSource.Create(settings.ConnectionString);
    }

    /// <inheritdoc/>
    public event Action<string>? InstanceEnded;

    /// <inheritdoc/>
    public Task InitializeAsync(CancellationToken cancellationToken) => PostgresSchema.ApplyAsync(_dataSource, cancellationToken);

    /// <summary>The schema files that <see cref="InitializeAsync"/> would apply, in their order; nothing is changed.</summary>
    public Task<IReadOnlyList<SchemaFile>> GetMissingSchemaAsync(CancellationToken cancellationToken) =>
        PostgresSchema.FindMissingAsync(_dataSource, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        var payloads = new Payloads();
        batch.BatchCommands.Add(HubSql.Command(
            SendSql,
            HubSql.Text(instanceId),
            HubSql.Json(HistoryJson.Write(payloads.Detach(instanceId, message))),
            HubSql.Flag(message is ExecutionTerminatedEvent)));
        payloads.AddTo(batch);
        batch.BatchCommands.Add(_signal.NotifyOthers());
        await batch.PrepareAsync(cancellationToken);
        var isTaken = await batch.ExecuteScalarAsync(cancellationToken) is not null;
        _signal.Set();
        return isTaken;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken) =>
        (await LoadExecutionAsync(instanceId, cancellationToken)).History;

    /// <inheritdoc/>
    public async Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command("SELECT status, custom_status FROM durable.instances WHERE instance_id = $1", HubSql.Text(instanceId)));
        batch.BatchCommands.Add(HubSql.Command("SELECT events FROM durable.history WHERE instance_id = $1 ORDER BY turn", HubSql.Text(instanceId)));
        await batch.PrepareAsync(cancellationToken);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var status = OrchestrationRuntimeStatus.Pending;
        string? customStatus = null;
        if (await reader.ReadAsync(cancellationToken))
        {
            status = (OrchestrationRuntimeStatus)reader.GetInt16(0);
            customStatus = await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetString(1);
        }

        await reader.NextResultAsync(cancellationToken);
        var turns = 0;
        var history = new List<HistoryEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            history.AddRange(HistoryJson.ReadMany(reader.GetString(0)));
            turns++;
        }

        await reader.DisposeAsync();
        var whole = await Payloads.LoadAsync(connection, history.Select(line => (instanceId, line)), cancellationToken);
        return new StoredExecution(turns, [.. history.Select(line => whole(instanceId, line))], status, customStatus);
    }

    /// <inheritdoc/>
    public Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _signal.DisposeAsync();
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }
    }
}
