using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>A rollout that is to be carried on. Its tenants stand in the control database, never here.</summary>
public sealed record RunRolloutOrder
{
    public required long RolloutId { get; init; }

    /// <summary>Which run of the rollout it is; one that is not the newest does nothing.</summary>
    public int Run { get; init; } = 1;

    /// <summary>How often those are looked at that are being upgraded.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>How a rollout stands after a round.</summary>
/// <param name="State">Its state.</param>
/// <param name="Running">Tenants that are being upgraded, or taken back.</param>
/// <param name="Pending">Tenants whose turn has not come.</param>
/// <param name="IsOver">True if nothing is to be done any more.</param>
/// <param name="Wait">When to look again, unless somebody steers it before.</param>
public sealed record RolloutRound(string State, int Running, int Pending, bool IsOver, TimeSpan Wait);

/// <summary>Changes that reach tenants in waves.</summary>
public static class Rollouts
{
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Raised after somebody has steered a rollout. It only has it looked at sooner: what was wanted stands in its rows.</summary>
    public const string SteerEvent = "steer";

    /// <summary>Records what has ended, decides whether it goes on, and starts the next tenants.</summary>
    public static readonly ActivityDefinition<RunRolloutOrder, RolloutRound> Advance = new("rollouts.advance", Stubborn);
}
