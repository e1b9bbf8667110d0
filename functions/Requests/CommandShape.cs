using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Requests;

/// <summary>
/// Compares JSON with a command's record: its properties are the members, <c>required</c> ones must be there, nullable
/// ones may be null. A <see cref="JsonElement"/> is an object whose members somebody else judges. The OpenAPI document is made from the same records.
/// </summary>
internal static class CommandShape
{
    /// <summary>Reads what is usable of a command: nothing is required of it.</summary>
    public static JsonSerializerOptions Incomplete { get; } = new(ApiJson.Options)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver
        {
            Modifiers =
            {
                static type =>
                {
                    foreach (var member in type.Properties)
                    {
                        member.IsRequired = false;
                    }
                },
            },
        },
    };

    /// <summary>The members of a command that was checked and that nothing is wrong with.</summary>
    public static JsonObject Usable(JsonElement command, Type type, FieldErrors errors) => Usable(command, type, string.Empty, errors);

    public static void Check(JsonElement command, Type type, FieldErrors errors) => CheckObject(command, type, string.Empty, errors);

    private static JsonObject Usable(JsonElement value, Type type, string prefix, FieldErrors errors)
    {
        var members = MembersOf(type);
        var usable = new JsonObject();
        foreach (var given in value.EnumerateObject())
        {
            var name = JsonWords.NameOf(given);
            var field = prefix + name;
            if (errors.Has(field) || !members.TryGetValue(name, out var member))
            {
                continue;
            }

            var itsType = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
            if (given.Value.ValueKind == JsonValueKind.Object && IsObject(itsType))
            {
                usable[name] = Usable(given.Value, itsType, $"{field}.", errors);
            }
            else if (!errors.Covers(field))
            {
                usable[name] = JsonNode.Parse(given.Value.GetRawText());
            }
        }

        return usable;
    }

    private static Dictionary<string, JsonPropertyInfo> MembersOf(Type type) =>
        ApiJson.Options.GetTypeInfo(type).Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);

    private static void CheckObject(JsonElement value, Type type, string prefix, FieldErrors errors)
    {
        var members = MembersOf(type);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var given in value.EnumerateObject())
        {
            var name = JsonWords.NameOf(given);
            var field = prefix + name;
            if (!seen.Add(name))
            {
                errors.Add(field, "is given more than once");
            }
            else if (!members.TryGetValue(name, out var member))
            {
                errors.Add(field, $"is unknown; known are {string.Join(", ", members.Keys)}");
            }
            else
            {
                CheckValue(given.Value, member.PropertyType, member.IsSetNullable, field, errors);
            }
        }

        foreach (var missing in members.Values.Where(m => m.IsRequired && !seen.Contains(m.Name)))
        {
            errors.Add(prefix + missing.Name, "is missing");
        }
    }

    private static void CheckValue(JsonElement value, Type type, bool mayBeNull, string field, FieldErrors errors)
    {
        var plain = Nullable.GetUnderlyingType(type);
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (!mayBeNull)
            {
                errors.Add(field, $"must be {Expected(plain ?? type)}, not null");
            }

            return;
        }

        type = plain ?? type;
        if (type == typeof(string) && value.ValueKind == JsonValueKind.String)
        {
            if (JsonWords.ReadText(value).Problem is { } problem)
            {
                errors.Add(field, problem);
            }
        }
        else if (ItemOf(type) is { } item && value.ValueKind == JsonValueKind.Array)
        {
            CheckItems(value, item, field, errors);
        }
        else if (IsObject(type) && value.ValueKind == JsonValueKind.Object)
        {
            CheckObject(value, type, $"{field}.", errors);
        }
        else if (type == typeof(JsonElement) ? value.ValueKind != JsonValueKind.Object : !IsPlain(value, type))
        {
            errors.Add(field, $"must be {Expected(type)}, not {Given(value)}");
        }
    }

    private static void CheckItems(JsonElement list, Type item, string field, FieldErrors errors)
    {
        var index = 0;
        foreach (var element in list.EnumerateArray())
        {
            CheckValue(element, item, mayBeNull: false, $"{field}[{index++}]", errors);
        }
    }

    private static bool IsPlain(JsonElement value, Type type) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => type == typeof(bool),
        JsonValueKind.String => type == typeof(DateTimeOffset) && value.TryGetDateTimeOffset(out _) && SaysItsOffset(value.GetString()!),
        JsonValueKind.Number => (type == typeof(int) && value.TryGetInt32(out _)) || (type == typeof(long) && value.TryGetInt64(out _))
            || (type == typeof(decimal) && value.TryGetDecimal(out _)),
        _ => false,
    };

    // Without one it would be read as this machine's time.
    private static bool SaysItsOffset(string timestamp) => timestamp.EndsWith('Z') || (timestamp.Contains('T', StringComparison.Ordinal) && timestamp.LastIndexOfAny(['+', '-']) > timestamp.IndexOf('T', StringComparison.Ordinal));

    private static string Given(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.GetRawText() is { Length: < 30 } number ? number : JsonWords.Of(value);

    private static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    private static bool IsObject(Type type) => ApiJson.Options.GetTypeInfo(type).Kind == JsonTypeInfoKind.Object;

    private static string Expected(Type type) =>
        type == typeof(string) ? "text"
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(decimal) ? "a number"
        : type == typeof(DateTimeOffset) ? "a timestamp with its offset, such as 2030-01-31T22:00:00Z"
        : ItemOf(type) is { } item ? $"a list of {(item == typeof(string) ? "texts" : "objects")}"
        : "an object";
}
