using System.Globalization;
using Bibind.ControlPlane;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Requests;

/// <summary>A query parameter of an endpoint; what is not described is refused, and the OpenAPI document shows it.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Description">What it does.</param>
/// <param name="Choices">The values it may have, where they are few.</param>
public sealed record QueryParameter(string Name, string Description, IReadOnlyList<string>? Choices = null)
{
    /// <summary>The number of the page, from 1.</summary>
    public static QueryParameter Page { get; } = new("page", "Number of the page, from 1.") { Range = (1, 1_000_000) };

    /// <summary>Rows a page.</summary>
    public static QueryParameter PageSize { get; } = new("pageSize", "Rows a page, 1 to 200; 50 unless given.") { Range = (1, PageRequest.LargestSize) };

    /// <summary>The least and the greatest value, where it is a whole number.</summary>
    public (int From, int To)? Range { get; init; }
}

/// <summary>The query parameters that an endpoint takes.</summary>
public sealed record QueryParameters(IReadOnlyList<QueryParameter> Items);

/// <summary>Reads query parameters as strictly as bodies: a misspelt filter must not answer with everything.</summary>
public sealed class QueryReader
{
    private static readonly string[] Moments = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    private readonly FieldErrors _errors = new();
    private readonly IQueryCollection _query;
    private readonly IReadOnlyList<QueryParameter> _known;

    public QueryReader(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _query = context.Request.Query;
        _known = context.GetEndpoint()?.Metadata.GetMetadata<QueryParameters>()?.Items ?? [];
        foreach (var name in _query.Keys.Where(k => _known.All(p => p.Name != k)))
        {
            _errors.Add(PlainText.Escape(name), _known.Count == 0 ? "is unknown; this call takes none" : $"is unknown; known are {string.Join(", ", _known.Select(p => p.Name))}");
        }
    }

    /// <summary>One of the parameter's choices, or null.</summary>
    public string? Choice(string name)
    {
        var choices = _known.Single(p => p.Name == name).Choices!;
        if (Text(name) is not { } text || choices.Contains(text, StringComparer.Ordinal))
        {
            return Text(name);
        }

        _errors.Add(name, $"must be one of {string.Join(", ", choices)}");
        return null;
    }

    /// <summary>A code, such as a tenant's, or null.</summary>
    public string? Code(string name)
    {
        if (Text(name) is not { } text || Codes.IsPlausible(text))
        {
            return Text(name);
        }

        _errors.Add(name, "must be a code: lower-case letters, digits and hyphens");
        return null;
    }

    /// <summary>A name as the settings give it, or null.</summary>
    public string? Words(string name, int longest)
    {
        if (Text(name) is not { } text || (text.Length > 0 && text.Length <= longest && PlainText.ProblemWith(text, mayHaveLines: false) is null))
        {
            return Text(name);
        }

        _errors.Add(name, $"must be 1 to {longest} characters that can be seen");
        return null;
    }

    public bool Flag(string name, bool otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (text is not ("true" or "false"))
        {
            _errors.Add(name, "must be true or false");
        }

        return text == "true";
    }

    public int Number(string name, int otherwise, int from, int to)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to)
        {
            return number;
        }

        _errors.Add(name, $"must be a whole number from {from} to {to}");
        return otherwise;
    }

    /// <summary>A day or a moment in UTC, or null.</summary>
    public DateTimeOffset? Moment(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(
            text, Moments, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            && moment.Year is >= 2000 and < 3000)
        {
            return moment;
        }

        _errors.Add(name, "must be a day or a moment, such as 2026-11-01 or 2026-11-01T12:00:00Z");
        return null;
    }

    /// <summary>Ends the call if something is wrong.</summary>
    /// <exception cref="ProblemException">400 with every wrong parameter.</exception>
    public void ThrowIfAny()
    {
        if (!_errors.IsEmpty)
        {
            throw new ProblemException(ProblemFactory.BadQuery(_errors.ToDictionary()));
        }
    }

    private string? Text(string name)
    {
        var values = _query[name];
        if (values.Count > 1)
        {
            _errors.Add(name, "is given more than once");
        }

        return values.Count == 1 ? values[0] : null;
    }
}

/// <summary>Codes in addresses, before anybody looks them up.</summary>
public static class Codes
{
    /// <summary>True if something could have this code or id; anything else need not be looked for, nor reach a statement.</summary>
    public static bool IsPlausible(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length is > 0 and <= 150 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');
    }

    /// <summary>Ends the call if no tenant can have this code.</summary>
    /// <exception cref="ProblemException">404, as for a code that no tenant has.</exception>
    public static void RequireTenant(string code)
    {
        if (!IsPlausible(code))
        {
            throw new ProblemException(ProblemFactory.NoSuchTenant);
        }
    }
}
