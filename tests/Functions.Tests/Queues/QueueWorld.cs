using System.Collections.Concurrent;
using System.Text.Json;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Triggers;
using Bibind.Testing;
using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Tests.Queues;

/// <summary>A queue of one test's own at a real broker, and a function on it that does what the test says.</summary>
internal sealed class QueueWorld : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ILoggerFactory _logging;
    private readonly QueueConsumers _consumers;
    private readonly IBrokerQueue _direct;
    private readonly IBrokerQueue _poison;
    private bool _stopped;

    private QueueWorld(string name, IQueueBroker direct, IQueueBroker consumed, QueueSettings settings, Handler handle)
    {
        Name = name;
        _direct = direct.Open(Name);
        _poison = direct.Open(PoisonQueue.NameOf(Name));
        _logging = LoggerFactory.Create(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs));
        _consumers = new QueueConsumers(
            [consumed], new FunctionDeclarations([new QueueFunction("scripted", Name, typeof(IQueueFunction))], []), settings,
            async (_, message, cancellation) =>
            {
                Deliveries.Enqueue(message);
                return await handle(message, cancellation);
            },
            new QueueGate(_ => false, _ => Task.CompletedTask, _ => Task.CompletedTask, TimeProvider.System, _logging.CreateLogger<QueueGate>()), TimeProvider.System, _logging.CreateLogger<QueueConsumers>());
    }

    public delegate Task<QueueOutcome> Handler(QueueMessage message, CancellationToken cancellation);

    public static QueueSettings Settings { get; } = new()
    {
        RetryDelay = TimeSpan.FromMilliseconds(1),
        LongestRetryDelay = TimeSpan.FromSeconds(1),
        MaxAttempts = 3,
        VisibilityTimeout = TimeSpan.FromSeconds(20),
    };

    public string Name { get; }

    public CapturedLogs Logs { get; } = new();

    /// <summary>Every message that the function was given.</summary>
    public ConcurrentQueue<QueueMessage> Deliveries { get; } = new();

    /// <summary>Starts a consumer.</summary>
    /// <param name="broker">The broker as everybody reaches it.</param>
    /// <param name="handle">What the function does.</param>
    /// <param name="settings">Other than <see cref="Settings"/>.</param>
    /// <param name="consumed">The broker as the consumer reaches it, if that differs.</param>
    public static async Task<QueueWorld> StartAsync(IQueueBroker broker, Handler handle, QueueSettings? settings = null, IQueueBroker? consumed = null)
    {
        var world = new QueueWorld($"test-{Guid.NewGuid():N}", broker, consumed ?? broker, settings ?? Settings, handle);
        await world.StartAsync();
        return world;
    }

    /// <summary>Starts another consumer of the same queue.</summary>
    public static async Task<QueueWorld> RestartAsync(QueueWorld before, IQueueBroker broker, Handler handle)
    {
        var world = new QueueWorld(before.Name, broker, broker, Settings, handle);
        await world.StartAsync();
        return world;
    }

    private async Task StartAsync()
    {
        await _direct.CreateAsync(CancellationToken.None);
        await _poison.CreateAsync(CancellationToken.None);
        await _consumers.StartAsync(CancellationToken.None);
    }

    public Task SendAsync(string body) => _direct.SendAsync(body, TimeSpan.Zero, CancellationToken.None);

    public Task<string?> FindFaultAsync() => _consumers.FindFaultAsync(CancellationToken.None);

    public Task UntilAsync(Func<bool> condition, string what) => Eventually.UntilAsync(condition, Patience, what);

    /// <summary>Stops the consumer; may be called once.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await _consumers.StopAsync(CancellationToken.None);
    }

    /// <summary>Takes a message of the queue past the consumer, which must have stopped.</summary>
    public Task<BrokerMessage?> TakeAsync(TimeSpan limit) => TakeAsync(_direct, limit);

    /// <summary>Waits for a message in the poison queue and takes it out.</summary>
    public async Task<DeadLetter> TakePoisonAsync()
    {
        var message = await TakePoisonRawAsync();
        using var letter = JsonDocument.Parse(message);
        return letter.RootElement.GetProperty("deadLetter").Deserialize<DeadLetter>(JsonSerializerOptions.Web)!;
    }

    public async Task<string> TakePoisonRawAsync()
    {
        var message = await TakeAsync(_poison, Patience) ?? throw new TimeoutException("Nothing came to the poison queue.");
        await _poison.DeleteAsync(message, CancellationToken.None);
        return message.Body!;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync();
        }

        await _consumers.DisposeAsync();
        _logging.Dispose();
    }

    private static async Task<BrokerMessage?> TakeAsync(IBrokerQueue queue, TimeSpan limit)
    {
        BrokerMessage? taken = null;
        try
        {
            await Eventually.UntilAsync(
                async () => (taken = (await queue.ReceiveAsync(1, TimeSpan.FromSeconds(30), CancellationToken.None)).SingleOrDefault()) is not null,
                limit, "a message is there");
        }
        catch (TimeoutException)
        {
            // Then there is none.
        }

        return taken;
    }
}
