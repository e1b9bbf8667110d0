using System.Text.Json;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What Odoo answers when it does not do what it was asked, by either of its protocols.</summary>
internal static class OdooErrors
{
    /// <summary>Odoo's own exceptions are its judgement of what was asked; all others may be of the moment.</summary>
    /// <param name="name">The exception's class, such as <c>odoo.exceptions.ValidationError</c>.</param>
    public static Exception Of(string? name, string words) =>
        name?.StartsWith("odoo.exceptions.", StringComparison.Ordinal) is true
            ? new PermanentFailureException(words)
            : new TransientFailureException(words);

    /// <summary>A text of an answer that may be of any form; null if it is not there.</summary>
    public static string? Text(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
