using System.Text.Json;
using Bibind.Contracts;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>
/// What an Odoo automation rule sends: the record's model and id, and the fields that were chosen in the rule, each
/// perhaps with the prefix that Odoo or Studio gives to fields people add.
/// </summary>
public sealed record OdooRecord
{
    private static readonly string[] Prefixes = ["x_studio_", "x_"];
    private static readonly TenantLocale Defaults = new();
    private static readonly string[] AlwaysSent = ["_model", "_id"];
    private static readonly string[] Required = ["code", "name", "offer"];

    private static readonly Dictionary<string, string> Fields = new(StringComparer.Ordinal)
    {
        ["code"] = "code",
        ["name"] = "name",
        ["customer_name"] = "customerName",
        ["customer_email"] = "customerEmail",
        ["offer"] = "offer",
        ["plan"] = "plan",
        ["template"] = "template",
        ["lang"] = "locale.language",
        ["tz"] = "locale.timeZone",
        ["date_format"] = "locale.dateFormat",
        ["currency"] = "locale.currency",
        ["country"] = "locale.country",
        ["vat"] = "locale.vat",
        ["region"] = "region",
        ["callback_url"] = "callbackUrl",
    };

    private const int MostIgnoredNames = 20;
    private const int LongestName = 100;

    /// <summary>The record's model, such as <c>sale.order</c>; null if the delivery does not say it properly.</summary>
    public string? Model { get; init; }

    /// <summary>The record's id; null if the delivery does not say it properly.</summary>
    public long? RecordId { get; init; }

    /// <summary>The order that the fields make; what cannot be used is left out.</summary>
    public required CreateTenant Command { get; init; }

    /// <summary>What is wrong with the fields themselves, under the names that the record gave them.</summary>
    public required FieldErrors Errors { get; init; }

    /// <summary>Fields that mean nothing here: a rule may send more than we know.</summary>
    public required IReadOnlyList<string> IgnoredFields { get; init; }

    /// <summary>What the job tells about the delivery.</summary>
    public IReadOnlyList<string> Notes => IgnoredFields.Count == 0 ? [] :
    [
        $"Fields of the webhook that are not known were ignored: {string.Join(", ", IgnoredFields.Take(MostIgnoredNames))}"
            + (IgnoredFields.Count > MostIgnoredNames ? $" and {IgnoredFields.Count - MostIgnoredNames} more." : "."),
    ];

    /// <summary>For each field of the order, the name that the record gave it.</summary>
    public required IReadOnlyDictionary<string, string> GivenNames { get; init; }

    /// <summary>The same errors under the names that the record gave its fields.</summary>
    public IReadOnlyDictionary<string, string[]> InItsOwnWords(IReadOnlyDictionary<string, string[]> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        return errors.ToDictionary(e => GivenNames.GetValueOrDefault(e.Key, e.Key), e => e.Value);
    }

    /// <summary>Reads the body; what is wrong with it stands in <see cref="Errors"/>.</summary>
    public static OdooRecord Read(JsonElement body)
    {
        var errors = new FieldErrors();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var givenNames = new Dictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var ignored = new List<string>();
        string? model = null;
        long? recordId = null, id = null;
        foreach (var member in body.EnumerateObject())
        {
            var name = JsonWords.NameOf(member);
            if (!seen.Add(name))
            {
                if (!ignored.Contains(name))
                {
                    errors.Add(name, "is given more than once");
                }

                continue;
            }

            switch (name)
            {
                case "_model":
                    model = ReadModel(member.Value, errors);
                    break;
                case "_id":
                    recordId = ReadId(name, member.Value, errors);
                    break;
                case "id":
                    id = ReadId(name, member.Value, errors);
                    break;
                case "_action":
                    ReadText(name, member.Value, errors);
                    break;
                default:
                    if (!TryReadField(name, member.Value, values, givenNames, errors))
                    {
                        ignored.Add(name.Length <= LongestName ? name : name[..LongestName] + "…");
                    }

                    break;
            }
        }

        CheckPresence(seen, values, givenNames, errors);
        if (id is not null && recordId is not null && id != recordId)
        {
            errors.Add("id", $"must be the same as _id ({recordId})");
        }

        return new OdooRecord
        {
            Model = model,
            RecordId = recordId,
            Command = ToCommand(values),
            GivenNames = givenNames,
            Errors = errors,
            IgnoredFields = ignored,
        };
    }

    /// <summary>False if the field is not known.</summary>
    private static bool TryReadField(
        string name, JsonElement value, Dictionary<string, string> values, Dictionary<string, string> givenNames, FieldErrors errors)
    {
        var prefix = Prefixes.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal)) ?? string.Empty;
        if (!Fields.TryGetValue(name[prefix.Length..], out var field))
        {
            return false;
        }

        if (!givenNames.TryAdd(field, name))
        {
            errors.Add(name, $"means the same as {givenNames[field]}; choose one of them in the automation rule");
        }
        else if (ReadText(name, value, errors) is { } text)
        {
            values[field] = text;
        }

        return true;
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

    private static void CheckPresence(
        HashSet<string> seen, Dictionary<string, string> values, Dictionary<string, string> givenNames, FieldErrors errors)
    {
        foreach (var missing in AlwaysSent.Where(n => !seen.Contains(n)))
        {
            errors.Add(missing, "is missing; an Odoo automation rule always sends it");
        }

        foreach (var field in Required.Where(f => !values.ContainsKey(f)))
        {
            if (!givenNames.TryGetValue(field, out var given))
            {
                errors.Add(field, $"is missing; choose the field {field} (or x_{field}) in the automation rule");
            }
            else if (!errors.Has(given))
            {
                errors.Add(given, "is empty on this record; it must be filled in");
            }
        }
    }

    private static CreateTenant ToCommand(Dictionary<string, string> values) => new()
    {
        Code = values.GetValueOrDefault("code")!,
        Name = values.GetValueOrDefault("name")!,
        Offer = values.GetValueOrDefault("offer")!,
        CustomerName = values.GetValueOrDefault("customerName"),
        CustomerEmail = values.GetValueOrDefault("customerEmail"),
        Plan = values.GetValueOrDefault("plan"),
        Template = values.GetValueOrDefault("template"),
        Locale = new TenantLocale
        {
            Language = values.GetValueOrDefault("locale.language", Defaults.Language),
            TimeZone = values.GetValueOrDefault("locale.timeZone", Defaults.TimeZone),
            DateFormat = values.GetValueOrDefault("locale.dateFormat"),
            Currency = values.GetValueOrDefault("locale.currency", Defaults.Currency),
            Country = values.GetValueOrDefault("locale.country"),
            Vat = values.GetValueOrDefault("locale.vat"),
        },
        Region = values.GetValueOrDefault("region"),
        CallbackUrl = values.GetValueOrDefault("callbackUrl"),
    };

    private static string ShortNumber(JsonElement value) => value.GetRawText() is { Length: < 20 } raw ? raw : "a number";
}
