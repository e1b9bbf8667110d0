using Bibind.ControlPlane;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Security;

/// <summary>Reads <c>OdooWebhooks__N__Fields__…</c>, <c>OdooWebhooks__N__Events__…</c> and <c>OdooWebhooks__N__Allowed</c>.</summary>
internal static class MappingSettings
{
    private const int MostNames = 20;
    private const int LongestName = 100;

    // What Odoo always sends says which record it is, and nothing else.
    private static readonly string[] Frame = ["_model", "_id", "id"];

    public static WebhookMapping Read(SettingsReader reader, string key)
    {
        var fields = ReadLists(reader, $"{key}:Fields", WebhookFields.All);
        var words = ReadLists(reader, $"{key}:Events", WebhookEvents.All);
        foreach (var (meaning, names) in fields)
        {
            if (names.Any(n => Frame.Contains(n) || (n == WebhookMapping.Action && meaning != WebhookFields.Event)))
            {
                reader.Report($"{key}:Fields:{meaning}", $"must name fields of the record; of what Odoo always sends, {WebhookMapping.Action} may say the {WebhookFields.Event}.");
            }
        }

        ReportTwins(reader, $"{key}:Fields", fields, n => n, "a field says one thing");
        ReportTwins(
            reader, $"{key}:Events", WebhookEvents.All.ToDictionary(e => e, e => (string[])[.. words.GetValueOrDefault(e) ?? [], e], StringComparer.Ordinal),
            WebhookMapping.Fold, "a word stands for one event");
        return new WebhookMapping(fields, words);
    }

    /// <summary>What the records may ask for.</summary>
    public static IReadOnlyList<string> ReadAllowed(SettingsReader reader, string key)
    {
        if (reader.Optional($"{key}:Allowed") is not { } text)
        {
            return WebhookEvents.All;
        }

        var allowed = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (allowed.Length == 0 || allowed.Any(a => !WebhookEvents.All.Contains(a)))
        {
            reader.Report($"{key}:Allowed", $"must name events, separated by commas: {string.Join(", ", WebhookEvents.All)}.");
        }

        return allowed;
    }

    private static Dictionary<string, string[]> ReadLists(SettingsReader reader, string section, IReadOnlyList<string> known)
    {
        foreach (var unknown in reader.Children(section).Keys.Where(k => !known.Contains(k, StringComparer.OrdinalIgnoreCase)))
        {
            reader.Report($"{section}:{unknown}", $"is unknown: known are {string.Join(", ", known)}.");
        }

        var lists = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var name in known)
        {
            if (reader.Optional($"{section}:{name}") is not { } text)
            {
                continue;
            }

            var items = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (items.Length is 0 or > MostNames || items.Any(i => i.Length > LongestName || PlainText.ProblemWith(i, mayHaveLines: false) is not null))
            {
                reader.Report($"{section}:{name}", $"must be 1 to {MostNames} names of at most {LongestName} printable characters, separated by commas.");
            }
            else
            {
                lists[name] = items;
            }
        }

        return lists;
    }

    private static void ReportTwins(SettingsReader reader, string section, Dictionary<string, string[]> lists, Func<string, string> fold, string rule)
    {
        foreach (var twins in lists.SelectMany(l => l.Value.Select(v => (l.Key, Word: fold(v)))).Distinct().GroupBy(l => l.Word, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            // The one that was written, where the other is an event's own name.
            var written = twins.FirstOrDefault(t => t.Key != twins.Key, twins.Last());
            reader.Report($"{section}:{written.Key}", $"holds '{twins.Key}', which says {twins.First(t => t != written).Key} too; {rule}.");
        }
    }
}
