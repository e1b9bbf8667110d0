namespace Bibind.Durable;

/// <summary>The output of an activity or orchestrator that returns nothing.</summary>
public sealed record Nothing
{
    /// <summary>The only value.</summary>
    public static Nothing Value { get; } = new();
}
