namespace Bibind.ControlPlane;

/// <summary>Collects what is wrong with an order, field by field, so that the caller hears everything at once.</summary>
internal sealed class ValidationErrors
{
    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    public void Unless(bool fine, string field, string message)
    {
        if (fine)
        {
            return;
        }

        if (!_errors.TryGetValue(field, out var messages))
        {
            _errors[field] = messages = [];
        }

        messages.Add(message);
    }

    public IReadOnlyDictionary<string, string[]> ToDictionary() => _errors.ToDictionary(e => e.Key, e => e.Value.ToArray());

    /// <summary>True for text that can be shown on one line and shows what it is.</summary>
    public static bool IsText(string? value, int longest) =>
        !string.IsNullOrWhiteSpace(value) && value.Length <= longest && PlainText.ProblemWith(value, mayHaveLines: false) is null;
}
