using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.WebConsole.Api;
using Microsoft.AspNetCore.WebUtilities;

namespace Bibind.WebConsole.Actions;

/// <summary>What somebody has filled in, on its way to the API.</summary>
internal sealed class ActionForm(ConsoleAction act, string? id, string? of, IReadOnlyDictionary<string, string> given)
{
    public const string KeyField = "_key";
    public const string ETagField = "_etag";
    public const string CodeField = "_code";

    /// <summary>A sum of the order whose preview was seen.</summary>
    public const string SeenField = "_seen";
    private const double GiB = 1024 * 1024 * 1024;

    private readonly Dictionary<string, string[]> _errors = new(StringComparer.Ordinal);

    /// <summary>What cannot even be sent; null if it can.</summary>
    public ApiProblem? Problem => _errors.Count == 0 ? null : new ApiProblem(string.Empty, "This cannot be sent yet", 422, string.Empty, TraceId: null) { Errors = _errors };

    /// <summary>The call.</summary>
    public (string Path, JsonObject? Body) ToCall()
    {
        if (act.TypesCode && (given.GetValueOrDefault(CodeField) ?? string.Empty).Trim() != id)
        {
            _errors[CodeField] = [$"must be {id}"];
        }

        var path = ConsoleAction.Fill(act.Path, id, of);
        var body = new JsonObject();
        foreach (var field in act.Fields)
        {
            var text = (given.GetValueOrDefault(field.Name) ?? string.Empty).Trim();
            if (field.InQuery)
            {
                path = text.Length > 0 ? QueryHelpers.AddQueryString(path, field.Name, text) : path;
            }
            else if (text.Length > 0)
            {
                Put(body, field.Name, Value(field, text));
            }
            else if (field.CanBeEmptied)
            {
                Put(body, field.Name, value: null);
            }
            else if (field.Kind == FieldKind.Codes && act.Current is not null)
            {
                Put(body, field.Name, new JsonArray());
            }
        }

        var hasBody = act.Fields.Any(f => !f.InQuery) && act.Method != HttpMethod.Delete && act.Method != HttpMethod.Get;
        return (path, hasBody ? body : null);
    }

    /// <summary>True if this very order was shown by a dry run: what was changed since is shown again first.</summary>
    public bool WasSeen(JsonObject body) => given.GetValueOrDefault(SeenField) == SumOf(body);

    /// <summary>Tells an order from every other one.</summary>
    public static string SumOf(JsonObject body) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(body)));

    /// <summary>What a field holds of what there is now.</summary>
    public static string? TextOf(Field field, JsonElement current)
    {
        var value = current;
        foreach (var part in (field.From ?? field.Name).Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(part, out value))
            {
                return null;
            }
        }

        return field.Kind switch
        {
            FieldKind.Json when value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) => JsonSerializer.Serialize(value, Readable),
            FieldKind.Codes when value.ValueKind == JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(v => v.GetString())),
            FieldKind.Flag when value.ValueKind is JsonValueKind.True or JsonValueKind.False => value.ValueKind == JsonValueKind.True ? "true" : "false",
            FieldKind.GiB when value.ValueKind == JsonValueKind.Number => (value.GetInt64() / GiB).ToString("0.###", CultureInfo.InvariantCulture),
            FieldKind.Time when value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture),
            _ => value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : value.ToString(),
        };
    }

    private static JsonSerializerOptions Readable { get; } = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private JsonNode? Value(Field field, string text)
    {
        switch (field.Kind)
        {
            case FieldKind.Number when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                return number;
            case FieldKind.GiB when double.TryParse(text.Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var gib):
                return (long)Math.Round(gib * GiB);
            case FieldKind.Number or FieldKind.GiB:
                _errors[field.Name] = ["must be a number"];
                return null;
            case FieldKind.Flag:
                return text is "true" or "on";
            case FieldKind.Codes:
                return new JsonArray([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => (JsonNode)t)]);
            case FieldKind.List:
                return new JsonArray([.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => (JsonNode)t)]);
            case FieldKind.Time when DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at):
                return at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            case FieldKind.Time:
                _errors[field.Name] = ["must be a time, such as 2027-01-31T12:00"];
                return null;
            case FieldKind.Json:
                try
                {
                    return JsonNode.Parse(text);
                }
                catch (JsonException wrong)
                {
                    _errors[field.Name] = [$"is no JSON: {wrong.Message}"];
                    return null;
                }

            default:
                return text;
        }
    }

    private static void Put(JsonObject body, string name, JsonNode? value)
    {
        var parts = name.Split('.');
        var place = body;
        foreach (var part in parts[..^1])
        {
            place[part] ??= new JsonObject();
            place = place[part]!.AsObject();
        }

        place[parts[^1]] = value;
    }
}
