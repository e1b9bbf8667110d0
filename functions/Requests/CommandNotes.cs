using System.Text.Json;

namespace Bibind.Functions.Requests;

/// <summary>What a command says of itself, for who records that it was given; the command is not kept.</summary>
/// <param name="Code">The code of what it is about.</param>
/// <param name="Reason">Why it is given.</param>
internal sealed record CommandNotes(string? Code, string? Reason)
{
    /// <summary>Reads them out of a command, whole or not.</summary>
    public static CommandNotes Of(JsonElement command) => new(Text(command, "code") ?? Text(command, "name"), Text(command, "reason"));

    private static string? Text(JsonElement command, string member)
    {
        try
        {
            return command.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair is JSON, and no text.
            return null;
        }
    }
}
