namespace Bibind.Functions.Triggers;

/// <summary>Marks routes that are one function together where each function must be declared.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Route">A route that takes in all of theirs.</param>
internal sealed record PartOfFunction(string Name, string Route);
