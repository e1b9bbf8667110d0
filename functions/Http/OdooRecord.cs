using System.Text.Json;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>
/// What an Odoo automation rule sends: the record's model and id, and the fields that were chosen in the rule. What they say here, the
/// console's <see cref="WebhookMapping"/> tells; what matters to the event is read, and the rest is left aside.
/// </summary>
public sealed class OdooRecord
{
    private static readonly string[] AlwaysSent = ["_model", "_id"];

    private const int MostIgnoredNames = 20;
    private const int LongestName = 100;

    private readonly WebhookMapping _mapping;
    private readonly Dictionary<string, List<(string Name, JsonElement Value)>> _said = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _givenNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _twice = new(StringComparer.Ordinal);
    private readonly List<string> _ignored = [];

    private OdooRecord(WebhookMapping mapping) => _mapping = mapping;

    /// <summary>The record's model, such as <c>sale.order</c>; null if the delivery does not say it properly.</summary>
    public string? Model { get; private set; }

    /// <summary>The record's id; null if the delivery does not say it properly.</summary>
    public long? RecordId { get; private set; }

    /// <summary>What is asked for, one of <see cref="WebhookEvents"/>; null if that is not understood.</summary>
    public string? Event { get; private set; }

    /// <summary>What is wrong with the fields themselves, under the names that the record gave them.</summary>
    public FieldErrors Errors { get; } = new();

    /// <summary>What the job tells about the delivery: fields that mean nothing here, for a rule may send more than we know.</summary>
    public IReadOnlyList<string> Notes => _ignored.Count == 0 ? [] :
    [
        $"Fields of the webhook that are not known were ignored: {string.Join(", ", _ignored.Take(MostIgnoredNames))}"
            + (_ignored.Count > MostIgnoredNames ? $" and {_ignored.Count - MostIgnoredNames} more." : "."),
    ];

    /// <summary>The text that a field says; null if it is empty, was not sent or cannot be used.</summary>
    /// <param name="meaning">One of <see cref="WebhookFields"/>.</param>
    public string? Find(string meaning) => _values.GetValueOrDefault(meaning);

    /// <summary>The name that the record gave to what it says, or the one that it should have.</summary>
    public string NameOf(string meaning) => _givenNames.GetValueOrDefault(meaning, meaning);

    /// <summary>Reads what matters to an event; what is missing or cannot be used stands in <see cref="Errors"/>.</summary>
    /// <param name="meanings">What matters, of <see cref="WebhookFields"/>.</param>
    /// <param name="required">Those that must be there.</param>
    public void Require(IEnumerable<string> meanings, IReadOnlyCollection<string> required)
    {
        ArgumentNullException.ThrowIfNull(meanings);
        ArgumentNullException.ThrowIfNull(required);
        foreach (var meaning in meanings)
        {
            ReadMeaning(meaning);
        }

        foreach (var meaning in required.Where(m => !_values.ContainsKey(m)))
        {
            if (!_givenNames.TryGetValue(meaning, out var given))
            {
                Errors.Add(meaning, $"is missing; choose the field {_mapping.FieldOf(meaning)} in the automation rule");
            }
            else if (!Errors.Has(given))
            {
                Errors.Add(given, "is empty on this record; it must be filled in");
            }
        }
    }

    /// <summary>Reads the body; what is wrong with it stands in <see cref="Errors"/>.</summary>
    public static OdooRecord Read(JsonElement body, WebhookMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        var record = new OdooRecord(mapping);
        long? id = null;
        string? action = null;
        foreach (var member in body.EnumerateObject())
        {
            var name = JsonWords.NameOf(member);
            if (!record._seen.Add(name))
            {
                record._twice.Add(name);
                continue;
            }

            switch (name)
            {
                case "_model":
                    record.Model = ReadModel(member.Value, record.Errors);
                    break;
                case "_id":
                    record.RecordId = ReadId(name, member.Value, record.Errors);
                    break;
                case "id":
                    id = ReadId(name, member.Value, record.Errors);
                    break;
                case WebhookMapping.Action:
                    action = ReadText(name, member.Value, record.Errors);
                    break;
                default:
                    record.Keep(name, member.Value);
                    break;
            }
        }

        foreach (var missing in AlwaysSent.Where(n => !record._seen.Contains(n)))
        {
            record.Errors.Add(missing, "is missing; an Odoo automation rule always sends it");
        }

        foreach (var name in record._twice.Where(n => n is "_model" or "_id" or "id" or WebhookMapping.Action))
        {
            record.Errors.Add(name, "is given more than once");
        }

        if (id is not null && record.RecordId is not null && id != record.RecordId)
        {
            record.Errors.Add("id", $"must be the same as _id ({record.RecordId})");
        }

        record.Event = record.ReadEvent(action);
        return record;
    }

    private void Keep(string name, JsonElement value)
    {
        if (_mapping.MeaningOf(name) is not { } meaning)
        {
            _ignored.Add(name.Length <= LongestName ? name : name[..LongestName] + "…");
        }
        else if (_said.TryGetValue(meaning, out var others))
        {
            others.Add((name, value));
        }
        else
        {
            _said[meaning] = [(name, value)];
        }
    }

    // A rule can send fields of its record and its own name, nothing else; one that says no event orders, as it did when there was nothing else.
    private string? ReadEvent(string? action)
    {
        if (_said.ContainsKey(WebhookFields.Event))
        {
            ReadMeaning(WebhookFields.Event);
            var name = NameOf(WebhookFields.Event);
            if (Find(WebhookFields.Event) is { } word)
            {
                return _mapping.EventOf(word) ?? Unknown(name, word);
            }

            if (!Errors.Has(name))
            {
                Errors.Add(name, $"is empty on this record; it must be {Known}");
            }

            return null;
        }

        return !_mapping.IsActionRead || action is null ? WebhookEvents.Create : _mapping.EventOfAction(action) ?? Unknown(WebhookMapping.Action, action);
    }

    private string? Unknown(string name, string word)
    {
        Errors.Add(name, $"must be {Known}, not '{(word.Length <= LongestName ? word : word[..LongestName] + "…")}'; OdooWebhooks__N__Events in the settings names further words");
        return null;
    }

    private static string Known => $"one of {string.Join(", ", WebhookEvents.All)}";

    private void ReadMeaning(string meaning)
    {
        if (!_said.TryGetValue(meaning, out var fields))
        {
            return;
        }

        // Of several fields, those that are empty say nothing.
        var given = fields.Where(f => f.Value.ValueKind is not (JsonValueKind.False or JsonValueKind.Null)).ToList();
        var (name, value) = given.Count > 0 ? given[0] : fields[0];
        _givenNames[meaning] = name;
        foreach (var (other, _) in given.Skip(1))
        {
            Errors.Add(other, $"means the same as {name}; choose one of them in the automation rule");
        }

        if (_twice.Contains(name))
        {
            Errors.Add(name, "is given more than once");
        }
        else if ((meaning == WebhookFields.WithoutBackup ? ReadFlag(name, value, Errors) : ReadText(name, value, Errors)) is { } text)
        {
            _values[meaning] = text;
        }
    }

    private static string? ReadFlag(string name, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null)
        {
            return value.ValueKind == JsonValueKind.True ? "true" : null;
        }

        errors.Add(name, $"must be true or false, not {JsonWords.Of(value)}; choose a field of the type Checkbox in the automation rule");
        return null;
    }

    // Odoo writes false for an empty text, selection or date, and a bare number for a many2one.
    private static string? ReadText(string name, JsonElement value, FieldErrors errors)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.False or JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                var (text, problem) = JsonWords.ReadText(value);
                if (problem is not null)
                {
                    errors.Add(name, problem);
                }

                return string.IsNullOrWhiteSpace(text) ? null : text.Trim();
            case JsonValueKind.Number:
                errors.Add(name, $"must be text, not {ShortNumber(value)}: Odoo sends a many2one as the bare id of the record it points to; add a text field related to the one you mean (such as {name}.code) and choose that in the automation rule");
                return null;
            case JsonValueKind.Array:
                errors.Add(name, "must be text, not a list: Odoo sends a one2many or many2many as ids; choose a text field in the automation rule");
                return null;
            default:
                errors.Add(name, $"must be text, not {JsonWords.Of(value)}");
                return null;
        }
    }

    private static string? ReadModel(JsonElement value, FieldErrors errors)
    {
        var model = value.ValueKind == JsonValueKind.String ? JsonWords.ReadText(value).Text : string.Empty;
        if (model.Length is > 0 and <= 100 && model.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_'))
        {
            return model;
        }

        errors.Add("_model", "must be the name of a model, such as sale.order");
        return null;
    }

    private static long? ReadId(string name, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var id) && id > 0)
        {
            return id;
        }

        errors.Add(name, "must be the record's id, a whole number above 0");
        return null;
    }

    private static string ShortNumber(JsonElement value) => value.GetRawText() is { Length: < 20 } raw ? raw : "a number";
}
