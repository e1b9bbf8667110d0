namespace Bibind.Functions.Triggers;

/// <summary>A function that messages of a queue trigger.</summary>
/// <param name="Name">The function's name on every host.</param>
/// <param name="Queue">The queue's name at every broker: lowercase letters, digits and hyphens.</param>
/// <param name="Handler">An <see cref="IQueueFunction"/>, made afresh for each message.</param>
public sealed record QueueFunction(string Name, string Queue, Type Handler);

/// <summary>A function that the clock triggers.</summary>
/// <param name="Name">The function's name on every host.</param>
/// <param name="Schedule">Six fields, seconds first, in UTC.</param>
/// <param name="Handler">An <see cref="ITimerFunction"/>, made afresh for each tick.</param>
public sealed record TimerFunction(string Name, string Schedule, Type Handler)
{
    /// <summary>True unless a moment may be run by several machines, and need not be made up for.</summary>
    public bool IsRecorded { get; init; } = true;

    /// <summary>True if it runs when a host that lives on starts, too: what it sees to depends on the settings, which may be new.</summary>
    public bool RunsAtStart { get; init; }
}

/// <summary>
/// Every queue and timer function of the product, declared once: hosts translate, and what is deployed is generated from it.
/// HTTP functions are declared by their routes.
/// </summary>
/// <param name="Queues">Queue functions.</param>
/// <param name="Timers">Timer functions.</param>
public sealed record FunctionDeclarations(IReadOnlyList<QueueFunction> Queues, IReadOnlyList<TimerFunction> Timers);
