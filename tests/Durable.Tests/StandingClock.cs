namespace Bibind.Durable.Tests;

/// <summary>A clock that stands still; waits pass as ever.</summary>
internal sealed class StandingClock : TimeProvider
{
    private readonly DateTimeOffset _now = System.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => _now;
}
