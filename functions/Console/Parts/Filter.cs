namespace Bibind.WebConsole.Parts;

/// <summary>A filter of a list; it stands in the address, so that a view can be kept and sent.</summary>
/// <param name="Name">Of the query.</param>
/// <param name="Label">Before it, in English.</param>
/// <param name="Choices">The values; any text unless given.</param>
public sealed record Filter(string Name, string Label, IReadOnlyList<string>? Choices = null)
{
    public string Type { get; init; } = "text";
    public string? Hint { get; init; }
}
