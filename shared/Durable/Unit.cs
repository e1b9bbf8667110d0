namespace Bibind.Durable;

/// <summary>The output of an activity or orchestrator that returns nothing.</summary>
public sealed record Unit
{
    /// <summary>The only value.</summary>
    public static Unit Value { get; } = new();
}
