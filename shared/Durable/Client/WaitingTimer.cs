using System.Text.Json;
using Bibind.Durable.History;
using Bibind.Durable.Serialization;

namespace Bibind.Durable.Client;

/// <summary>A timer that an execution has set and that has not fired.</summary>
/// <param name="TimerId">Its number in the execution.</param>
/// <param name="FireAt">When it is due, UTC.</param>
public sealed record WaitingTimer(int TimerId, DateTime FireAt)
{
    /// <summary>The event by which an engine is told whose protocol knows no such thing; its payload is a list of timers.</summary>
    public const string FireEvent = "bibind.fire_timers";

    /// <summary>The event by which such an engine is told that attempts are not to be made; its payload is a list of the timers that wait for them.</summary>
    public const string GiveUpEvent = "bibind.give_up_attempts";

    /// <summary>The timers that an execution waits for.</summary>
    /// <param name="history">Of the execution, in order.</param>
    public static IReadOnlyList<WaitingTimer> In(IReadOnlyList<HistoryEvent> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Any(line => line is ExecutionCompletedEvent or ExecutionTerminatedEvent))
        {
            return [];
        }

        var fired = history.OfType<TimerFiredEvent>().Select(t => t.TimerId).ToHashSet();
        var told = history.OfType<EventRaisedEvent>().Where(e => e.Name is FireEvent or GiveUpEvent).SelectMany(e => Read(e.Input)).ToHashSet();
        return
        [
            .. history.OfType<TimerCreatedEvent>()
                .Select(t => new WaitingTimer(t.EventId, DateTime.SpecifyKind(t.FireAt, DateTimeKind.Utc)))
                .Where(t => !fired.Contains(t.TimerId) && !told.Contains(t)),
        ];
    }

    private static WaitingTimer[] Read(string? payload)
    {
        try
        {
            return HubDataConverter.Default.Deserialize<WaitingTimer[]>(payload) ?? [];
        }
        catch (JsonException)
        {
            // Somebody else's event of that name.
            return [];
        }
    }
}
