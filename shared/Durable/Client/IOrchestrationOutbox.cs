using System.Data.Common;

namespace Bibind.Durable;

/// <summary>
/// Keeps what is handed to an engine that does not live in the caller's database, until a relay has delivered it: a row written in
/// the caller's transaction, so that it is delivered if and only if that commits.
/// </summary>
public interface IOrchestrationOutbox
{
    /// <summary>Keeps a start.</summary>
    /// <exception cref="OrchestrationAlreadyExistsException">A start with this id waits already.</exception>
    Task AddStartAsync(OutboxMessage start, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Keeps a message in the caller's transaction, behind those that wait for the same instance.</summary>
    Task AddAsync(OutboxMessage message, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Keeps a message that must come after one which waits for the same instance; false, and nothing is kept, if none does.</summary>
    Task<bool> TryAddBehindAsync(OutboxMessage message, CancellationToken cancellationToken);

    /// <summary>The starts that wait for delivery among these instances.</summary>
    Task<IReadOnlyDictionary<string, OutboxMessage>> FindStartsAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);

    /// <summary>
    /// Delivers what waits, oldest first for each instance, by one relay of all processes at a time; answers how many. What
    /// <paramref name="deliverAsync"/> throws of keeps its message for later, and those behind it.
    /// </summary>
    /// <remarks>A process that ends between a delivery and its note leaves the message to be delivered again.</remarks>
    Task<int> RelayAsync(Func<OutboxMessage, CancellationToken, Task> deliverAsync, CancellationToken cancellationToken);

    /// <summary>Returns when there may be something to deliver, or after <paramref name="limit"/>.</summary>
    Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken);
}

/// <summary>What an outbox holds.</summary>
public enum OutboxKind
{
    /// <summary>An instance is to be started.</summary>
    Start,

    /// <summary>An event is to be raised.</summary>
    Event,

    /// <summary>The instance is to be terminated.</summary>
    Terminate,

    /// <summary>The instance is to be suspended.</summary>
    Suspend,

    /// <summary>The instance is to be resumed.</summary>
    Resume,

    /// <summary>The instance has failed and is to go on from there.</summary>
    Rewind,

    /// <summary>Timers of the instance are due now.</summary>
    FireTimers,

    /// <summary>Attempts that timers of the instance wait for are not made.</summary>
    GiveUp,
}

/// <summary>A message that waits for delivery.</summary>
public sealed record OutboxMessage
{
    public required OutboxKind Kind { get; init; }
    public required string InstanceId { get; init; }

    /// <summary>The orchestrator of a start, the name of an event; empty for the others.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>The orchestrator's version; empty for none.</summary>
    public string Version { get; init; } = string.Empty;

    /// <summary>Input, payload, output or timers as JSON text; the reason of a suspension, a resumption or a rewind as raw text.</summary>
    public string? Payload { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Not before this time.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>True: a termination ends the children too.</summary>
    public bool Recursive { get; init; }

    /// <summary>When it was kept.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}
