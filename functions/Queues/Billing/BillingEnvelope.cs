using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bibind.ControlPlane.Billing;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Queues.Billing;

/// <summary>
/// Reads <c>{"billing": {"id", "type", "tenant", "sequence", "occurredAt", "data": {}}}</c>: one nested object, so that no
/// field of ours collides with what a host says about a message.
/// </summary>
internal static partial class BillingEnvelope
{
    /// <summary>What every field of a message is called.</summary>
    public const string Prefix = "billing.";

    private const string Root = "billing";
    private static readonly string[] Members = ["id", "type", "tenant", "sequence", "occurredAt", "data"];
    private static readonly JsonDocumentOptions Parsing = new() { MaxDepth = 10 };

    /// <summary>The message, or null and what is wrong with it, by field.</summary>
    public static BillingMessage? Read(string body, FieldErrors errors)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Parsing);
            return Read(document.RootElement, errors);
        }
        catch (JsonException malformed)
        {
            errors.Add(
                "body",
                $"is not valid JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1} (or nested deeper than {Parsing.MaxDepth} levels)");
            return null;
        }
    }

    private static BillingMessage? Read(JsonElement body, FieldErrors errors)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            errors.Add("body", $"must be an object with the member {Root}, not {JsonWords.Of(body)}");
            return null;
        }

        var members = MembersOf(body, [Root], string.Empty, errors);
        if (!members.TryGetValue(Root, out var envelope))
        {
            return null;
        }

        if (envelope.ValueKind != JsonValueKind.Object)
        {
            errors.Add(Root, $"must be an object, not {JsonWords.Of(envelope)}");
            return null;
        }

        members = MembersOf(envelope, Members, Prefix, errors);
        var id = ReadText(members, "id", Id(), "must be 1 to 128 visible characters of ASCII", errors);
        var type = ReadText(members, "type", Type(), "must be words joined by dots, such as subscription.created", errors);
        var tenant = ReadText(members, "tenant", Tenant(), "must be a tenant's code, such as acme", errors);
        var sequence = ReadSequence(members, errors);
        var occurredAt = ReadTime(members, errors);
        if (members.TryGetValue("data", out var data) && data.ValueKind != JsonValueKind.Object)
        {
            errors.Add(Prefix + "data", $"must be an object, not {JsonWords.Of(data)}");
        }

        return errors.IsEmpty ? new BillingMessage(id, type, tenant, sequence, occurredAt, data.GetRawText()) : null;
    }

    private static Dictionary<string, JsonElement> MembersOf(JsonElement value, string[] known, string prefix, FieldErrors errors)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var given in value.EnumerateObject())
        {
            var name = JsonWords.NameOf(given);
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                errors.Add(prefix + name, $"is unknown; known are {string.Join(", ", known)}");
            }
            else if (!members.TryAdd(name, given.Value))
            {
                errors.Add(prefix + name, "is given more than once");
            }
        }

        foreach (var missing in known.Where(k => !members.ContainsKey(k)))
        {
            errors.Add(prefix + missing, "is missing");
        }

        return members;
    }

    private static string ReadText(Dictionary<string, JsonElement> members, string name, Regex form, string words, FieldErrors errors)
    {
        if (!members.TryGetValue(name, out var value))
        {
            return string.Empty;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            errors.Add(Prefix + name, $"must be text, not {JsonWords.Of(value)}");
            return string.Empty;
        }

        var (text, problem) = JsonWords.ReadText(value);
        if (problem is not null || !form.IsMatch(text))
        {
            errors.Add(Prefix + name, problem ?? words);
        }

        return text;
    }

    private static long ReadSequence(Dictionary<string, JsonElement> members, FieldErrors errors)
    {
        if (!members.TryGetValue("sequence", out var value) || (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number > 0))
        {
            return members.ContainsKey("sequence") ? value.GetInt64() : 0;
        }

        errors.Add(Prefix + "sequence", $"must be a whole number above 0, not {(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : JsonWords.Of(value))}");
        return 0;
    }

    // A time without its offset from UTC would mean something else on each machine.
    private static DateTimeOffset ReadTime(Dictionary<string, JsonElement> members, FieldErrors errors)
    {
        if (!members.TryGetValue("occurredAt", out var value))
        {
            return default;
        }

        if (value.ValueKind == JsonValueKind.String && JsonWords.ReadText(value) is { Problem: null, Text: var text } && Moment().IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment) && moment.UtcDateTime.Year is >= 2000 and < 3000)
        {
            return moment.ToUniversalTime();
        }

        errors.Add(Prefix + "occurredAt", "must be a time with its offset, such as 2026-03-01T09:30:00Z");
        return default;
    }

    [GeneratedRegex(@"\A[!-~]{1,128}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A[a-z][a-z_]{0,30}(\.[a-z][a-z_]{0,30}){0,3}\z")]
    private static partial Regex Type();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,29}[a-z0-9]\z")]
    private static partial Regex Tenant();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Moment();
}
