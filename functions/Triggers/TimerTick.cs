namespace Bibind.Functions.Triggers;

/// <summary>A moment of a schedule that has come.</summary>
/// <param name="Name">The timer's name.</param>
/// <param name="ScheduledFor">The moment, which with the name makes a repetition recognisable; it may lie in the past.</param>
public sealed record TimerTick(string Name, DateTimeOffset ScheduledFor);

/// <summary>A function that the clock triggers.</summary>
public interface ITimerFunction
{
    /// <summary>Handles one tick. May run again for the same tick.</summary>
    Task RunAsync(TimerTick tick, CancellationToken cancellationToken);
}
