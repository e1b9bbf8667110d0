using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Bibind.Local.RealServers;

/// <summary>A server whose data is worth nothing: ends, with its folder, when this process does, however that ends.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(2);

    private readonly ServerProcess _process;
    private readonly string _name;
    private readonly string _log;
    private readonly EventHandler _goodbye;
    private int _disposed;

    private RunningServer(ServerProcess process, string name, string log)
    {
        _process = process;
        _name = name;
        _log = log;
        _goodbye = (_, _) => DisposeAsync().AsTask().Wait(LongestGoodbye);
        AppDomain.CurrentDomain.ProcessExit += _goodbye;
    }

    public int ProcessId => _process.ServerId;

    /// <summary>Starts a program; unless it has children to end it is killed in the end.</summary>
    /// <param name="name">For messages and the log's name.</param>
    /// <param name="folder">Where its log goes.</param>
    /// <param name="command">Program and arguments; it stays in the foreground.</param>
    /// <param name="deleteFolder">True for the server that takes the folder with it when it is ended.</param>
    /// <param name="environment">Set besides what we have.</param>
    /// <param name="stopSignal">Ends it.</param>
    public static async Task<RunningServer> StartAsync(
        string name, string folder, IReadOnlyList<string> command, bool deleteFolder, IReadOnlyDictionary<string, string>? environment = null,
        string stopSignal = "KILL", CancellationToken cancellationToken = default)
    {
        var log = Path.Combine(folder, $"{name}.output");
        var process = await ServerProcess.StartAsync(
            new ServerStart
            {
                Command = command,
                LogFile = log,
                StopSignal = stopSignal,
                StopLimit = StopLimit,
                DeleteAfterwards = deleteFolder ? [folder] : [],
                Environment = environment ?? new Dictionary<string, string>(),
            },
            cancellationToken);
        return new RunningServer(process, name, log);
    }

    /// <summary>Waits until the port of this machine takes connections.</summary>
    /// <exception cref="LocalServerException">The server ended instead; says what it wrote.</exception>
    public Task ListensAsync(int port, CancellationToken cancellationToken = default) =>
        IsReadyAsync(() => Task.FromResult(Accepts(port)), cancellationToken);

    /// <summary>Waits until the server has what is asked for.</summary>
    /// <inheritdoc cref="ListensAsync" path="/exception"/>
    public Task IsReadyAsync(Func<Task<bool>> ready, CancellationToken cancellationToken = default) => IsReadyAsync(ready, StartLimit, cancellationToken);

    /// <inheritdoc cref="IsReadyAsync(Func{Task{bool}}, CancellationToken)"/>
    public async Task IsReadyAsync(Func<Task<bool>> ready, TimeSpan startLimit, CancellationToken cancellationToken = default)
    {
        try
        {
            var watch = Stopwatch.StartNew();
            while (_process.HasEnded || !await ready())
            {
                if (_process.HasEnded || watch.Elapsed > startLimit)
                {
                    var what = _process.HasEnded ? "did not start" : string.Create(CultureInfo.InvariantCulture, $"was not ready within {startLimit.TotalSeconds:0} s");
                    throw new LocalServerException($"{_name} {what}. It said:\n{(File.Exists(_log) ? await File.ReadAllTextAsync(_log, CancellationToken.None) : "(nothing)")}");
                }

                await Task.Delay(Pause, cancellationToken);
            }
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the server; its folder stays until this is disposed.</summary>
    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit -= _goodbye;
            await _process.DisposeAsync();
        }
    }

    private static bool Accepts(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
