namespace Bibind.WebConsole.Parts;

/// <summary>A column of a chart.</summary>
/// <param name="Label">What it is of.</param>
/// <param name="Values">From the bottom: each with its tone.</param>
public sealed record Column(string Label, IReadOnlyList<(string Tone, double Value)> Values);
