using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Credentials;

/// <summary>A password and its hash.</summary>
public sealed record PreparedPassword(string Password, string Hash)
{
    /// <summary>Neither is printed.</summary>
    public override string ToString() => nameof(PreparedPassword);
}

/// <summary>
/// Keeps hashed passwords ready: the hash that the application asks for costs more CPU time than cloning a database.
/// </summary>
public sealed class PreparedPasswords : IHostedService, IDisposable
{
    // Whoever takes one is about to clone a database, and two threads of one core share it: twenty orders at once are done within that time.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private readonly Channel<PreparedPassword>? _ready;
    private readonly int _fewest;
    private long _takenAt = long.MinValue / 2;
    private readonly CancellationTokenSource _stop = new();
    private int _disposed;

    /// <summary>An empty pool; it fills once started.</summary>
    public PreparedPasswords(IOptions<CredentialsOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _fewest = Math.Max(1, options.Value.PoolSize / 4);
        if (options.Value.PoolSize > 0)
        {
            _ready = Channel.CreateBounded<PreparedPassword>(
                new BoundedChannelOptions(options.Value.PoolSize) { SingleWriter = true });
        }
    }

    /// <summary>How many are ready.</summary>
    public int Count => _ready?.Reader.Count ?? 0;

    /// <summary>One that is ready, else one made now with fewer rounds; never the same twice.</summary>
    /// <remarks>In a flood of orders a second of CPU each would keep the endpoints from responding.</remarks>
    public PreparedPassword Take()
    {
        Volatile.Write(ref _takenAt, Environment.TickCount64);
        return _ready is not null && _ready.Reader.TryRead(out var ready) ? ready : Make(PasslibPbkdf2Sha512.RandomTextRounds);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_ready is null)
        {
            return Task.CompletedTask;
        }

        // A thread of its own: each hash would hold a thread of the pool for a second.
        var stop = _stop.Token;
        new Thread(() => Fill(_ready, stop)) { IsBackground = true, Name = "password-hashes" }.Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _stop.CancelAsync();

    /// <inheritdoc/>
    public void Dispose()
    {
        // The container knows the pool twice, as itself and as a hosted service, and disposes of both.
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _stop.Cancel();
            _stop.Dispose();
        }
    }

    private static PreparedPassword Make(int rounds)
    {
        var password = RandomPassword.Make();
        return new PreparedPassword(password, PasslibPbkdf2Sha512.Hash(password, rounds));
    }

    private void Fill(Channel<PreparedPassword> ready, CancellationToken stop)
    {
        ThreadNiceness.YieldToEveryone();
        try
        {
            // The thread has nothing else to do than to wait for room.
            while (ready.Writer.WaitToWriteAsync(stop).AsTask().GetAwaiter().GetResult())
            {
                while (ready.Reader.Count >= _fewest && Environment.TickCount64 - Volatile.Read(ref _takenAt) < Rest.TotalMilliseconds)
                {
                    stop.WaitHandle.WaitOne(Rest / 10);
                    stop.ThrowIfCancellationRequested();
                }

                ready.Writer.TryWrite(Make(PasslibPbkdf2Sha512.OdooRounds));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The host stops; what is ready was given to nobody.
        }
    }
}
