using Dapper;
using Npgsql;

namespace Bibind.Activities.Locks;

/// <summary>
/// Lets one at a time work on a thing outside, whatever the machine: first by a gate of this process, so that those who
/// wait here hold no connection, then by an advisory lock of the control database.
/// </summary>
internal sealed class NamedLocks(NpgsqlDataSource database) : IDisposable
{
    /// <summary>Families keep equal names of different things apart.</summary>
    public const int Dns = 0x6962_0101;
    public const int Certificates = 0x6962_0102;
    public const int Poolers = 0x6962_0103;
    public const int AcmeAccounts = 0x6962_0104;

    // Each lock holds a connection of the pool. A family has places of its own, since one lock may be taken inside another's.
    private const int AtOnce = 16;

    // Whoever holds a lock shows that he lives. A process that sleeps does not, and the server takes the lock from it with its session.
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(3);
    private const string LockSql = "set local idle_in_transaction_session_timeout = '15s'; select pg_advisory_xact_lock(@family, hashtext(@name))";

    private readonly Dictionary<(int Family, string Name), Gate> _gates = [];
    private readonly Dictionary<int, SemaphoreSlim> _places = new()
    {
        [Dns] = new SemaphoreSlim(AtOnce, AtOnce),
        [Certificates] = new SemaphoreSlim(AtOnce, AtOnce),
        [Poolers] = new SemaphoreSlim(AtOnce, AtOnce),
        [AcmeAccounts] = new SemaphoreSlim(AtOnce, AtOnce),
    };

    /// <summary>Runs the work while nobody else runs any under the same name.</summary>
    public async Task<T> RunAsync<T>(int family, string name, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var gate = Enter((family, name));
        try
        {
            await gate.Semaphore.WaitAsync(cancellationToken);
            try
            {
                using var place = await Place.TakeAsync(_places[family], cancellationToken);
                await using var connection = await database.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await connection.ExecuteAsync(new CommandDefinition(
                    LockSql, new { family, name }, transaction, commandTimeout: 0, cancellationToken: cancellationToken));

                // The transaction's end gives the lock back, also when this process dies.
                using var done = new CancellationTokenSource();
                var living = ShowLifeAsync(connection, done.Token);
                try
                {
                    return await work();
                }
                finally
                {
                    await done.CancelAsync();
                    await living;
                }
            }
            finally
            {
                gate.Semaphore.Release();
            }
        }
        finally
        {
            Leave((family, name), gate);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var places in _places.Values)
        {
            places.Dispose();
        }
    }

    private static async Task ShowLifeAsync(NpgsqlConnection connection, CancellationToken done)
    {
        using var timer = new PeriodicTimer(SignOfLife);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
            {
                await connection.ExecuteAsync("select 1");
            }
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
        catch (NpgsqlException)
        {
            // The session is gone, and the lock with it. What is under way is idempotent, and looks before it acts.
        }
    }

    private Gate Enter((int Family, string Name) key)
    {
        lock (_gates)
        {
            if (!_gates.TryGetValue(key, out var gate))
            {
                _gates[key] = gate = new Gate();
            }

            gate.Users++;
            return gate;
        }
    }

    private void Leave((int Family, string Name) key, Gate gate)
    {
        lock (_gates)
        {
            if (--gate.Users == 0)
            {
                _gates.Remove(key);
                gate.Semaphore.Dispose();
            }
        }
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public static async Task<Place> TakeAsync(SemaphoreSlim places, CancellationToken cancellationToken)
        {
            await places.WaitAsync(cancellationToken);
            return new Place(places);
        }

        public void Dispose() => places.Release();
    }

    private sealed class Gate
    {
        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Users { get; set; }
    }
}
