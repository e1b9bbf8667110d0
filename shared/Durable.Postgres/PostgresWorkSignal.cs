using Bibind.Durable.Hubs;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>
/// Wakes waiters when another process has put work into the hub (LISTEN), or this one has. Only a hint: when the
/// listening connection is down, waiters poll.
/// </summary>
internal sealed class PostgresWorkSignal(NpgsqlDataSource dataSource) : IAsyncDisposable
{
    private const string Channel = "bibind_durable_work";
    private readonly string _sender = Guid.NewGuid().ToString("n");
    private readonly WorkSignal _work = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _starting = new();
    private Task? _listening;

    /// <summary>Tells everybody, this process too: for a transaction whose end is not seen here.</summary>
    public static NpgsqlBatchCommand NotifyAll() => new($"SELECT pg_notify('{Channel}', '')");

    /// <summary>Tells the other processes. This one is told by <see cref="Set"/>, sooner, once the work is committed.</summary>
    public NpgsqlBatchCommand NotifyOthers() => HubSql.Command($"SELECT pg_notify('{Channel}', $1)", HubSql.Text(_sender));

    public void Set() => _work.Set();

    public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var told = _work.WaitAsync(limit, cancellationToken);
        lock (_starting)
        {
            _listening ??= Task.Run(ListenAsync, CancellationToken.None);
        }

        return told;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_listening is not null)
        {
            await _listening;
        }

        _stopping.Dispose();
    }

    private async Task ListenAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(_stopping.Token);
                connection.Notification += (_, told) =>
                {
                    if (told.Payload != _sender)
                    {
                        Set();
                    }
                };
                await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(_stopping.Token);
                }

                // What came between the last poll and LISTEN is found by polling once more.
                Set();
                while (true)
                {
                    await connection.WaitAsync(_stopping.Token);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception down) when (down is NpgsqlException or System.Net.Sockets.SocketException or IOException or InvalidOperationException)
            {
                // The worker polls meanwhile, and it is the worker that reports a database that does not answer.
                await Task.Delay(TimeSpan.FromSeconds(1), _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
