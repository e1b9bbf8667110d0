using Bibind.Functions.Problems;

namespace Bibind.Functions.Requests;

/// <summary>Collects what is wrong, by field, in the order it was found.</summary>
public sealed class FieldErrors
{
    private readonly List<(string Field, string Message)> _errors = [];

    /// <summary>True if nothing was found.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>True if the field has an error already.</summary>
    public bool Has(string field) => _errors.Any(e => e.Field == field);

    /// <summary>True if something is known to be wrong with the field, with what it is a part of, or with a part of it.</summary>
    public bool Covers(string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        return _errors.Any(e => e.Field == field || IsPartOf(field, e.Field) || IsPartOf(e.Field, field));
    }

    /// <summary>Adds what a further look found, but for fields that could not be looked at: something else is wrong with them.</summary>
    public void AddFurther(IReadOnlyDictionary<string, string[]> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        foreach (var (field, messages) in errors.Where(e => !Covers(e.Key)).ToList())
        {
            Array.ForEach(messages, message => Add(field, message));
        }
    }

    /// <summary>Adds one; a field name that a caller made up is cut to a sane length.</summary>
    public void Add(string field, string message)
    {
        ArgumentNullException.ThrowIfNull(field);
        _errors.Add((field.Length <= 100 ? field : field[..100] + "…", message));
    }

    /// <summary>By field, at most 50 fields.</summary>
    public IReadOnlyDictionary<string, string[]> ToDictionary() =>
        _errors.GroupBy(e => e.Field, StringComparer.Ordinal).Take(50)
            .ToDictionary(g => g.Key, g => g.Select(e => e.Message).Distinct().ToArray(), StringComparer.Ordinal);

    /// <summary>Ends the call if there are errors.</summary>
    /// <exception cref="ProblemException">422 with all of them.</exception>
    public void ThrowIfAny()
    {
        if (!IsEmpty)
        {
            throw new ProblemException(ProblemFactory.Invalid(ToDictionary()));
        }
    }

    private static bool IsPartOf(string part, string whole) =>
        part.Length > whole.Length && part.StartsWith(whole, StringComparison.Ordinal) && part[whole.Length] is ('.' or '[');
}
