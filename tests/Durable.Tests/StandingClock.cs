namespace Bibind.Durable.Tests;

/// <summary>A clock that stands still, ahead of the world's or not; waits pass as ever.</summary>
internal sealed class StandingClock(TimeSpan ahead = default) : TimeProvider
{
    private readonly DateTimeOffset _now = System.GetUtcNow() + ahead;

    public override DateTimeOffset GetUtcNow() => _now;
}
