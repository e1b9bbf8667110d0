namespace Bibind.Functions.Security;

/// <summary>What an Odoo console's records can ask for.</summary>
public static class WebhookEvents
{
    public const string Create = "create";
    public const string Suspend = "suspend";
    public const string Resume = "resume";
    public const string ChangePlan = "change_plan";
    public const string Cancel = "cancel";
    public const string AddDomain = "add_domain";
    public const string BackUp = "back_up";

    /// <summary>Every event there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Create, Suspend, Resume, ChangePlan, Cancel, AddDomain, BackUp];

    /// <summary>Those that a console which is bound to a customer cannot ask for: they follow from what the customer pays.</summary>
    public static IReadOnlyList<string> OfOperators { get; } = [Suspend, Resume, ChangePlan];
}

/// <summary>What the fields of an Odoo console's records can say.</summary>
public static class WebhookFields
{
    public const string Event = "event";
    public const string Code = "code";
    public const string Customer = "customer";
    public const string Plan = "plan";
    public const string Period = "period";
    public const string Domain = "domain";
    public const string Reason = "reason";
    public const string Cause = "cause";
    public const string When = "when";
    public const string WithoutBackup = "without_backup";
    public const string EventKey = "event_key";

    /// <summary>Everything that can be said.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Event, Code, "name", "offer", Plan, "template", Customer, "customer_name", "customer_email", "lang", "tz", "date_format", "currency", "country", "vat", "region",
        "callback_url", Period, Domain, Reason, Cause, When, WithoutBackup, EventKey,
    ];
}

/// <summary>
/// Which fields of a console's records say what. What the settings name is read from that field alone; everything else from the field of its
/// own name, perhaps with the prefix that Odoo or Studio gives to fields people add.
/// </summary>
public sealed class WebhookMapping
{
    /// <summary>The member that has the name of the automation rule's action; the one member of a record's frame that can say the event.</summary>
    public const string Action = "_action";

    private static readonly string[] Prefixes = ["x_studio_", "x_"];

    private readonly Dictionary<string, string> _meanings;
    private readonly Dictionary<string, string[]> _named;
    private readonly Dictionary<string, string> _events;

    /// <summary>A mapping.</summary>
    /// <param name="fields">For what can be said, the fields that say it; what is not named has the field of its own name.</param>
    /// <param name="words">For events, the words that stand for them besides their own names.</param>
    public WebhookMapping(IReadOnlyDictionary<string, string[]> fields, IReadOnlyDictionary<string, string[]> words)
    {
        ArgumentNullException.ThrowIfNull(fields);
        ArgumentNullException.ThrowIfNull(words);
        _named = new Dictionary<string, string[]>(fields, StringComparer.Ordinal);

        // Whose a tenant is, is never guessed from a field that happens to be called so.
        _meanings = WebhookFields.All.Where(f => f != WebhookFields.Customer && !_named.ContainsKey(f)).ToDictionary(f => f, f => f, StringComparer.Ordinal);
        IsActionRead = _named.GetValueOrDefault(WebhookFields.Event)?.Contains(Action) ?? false;
        _events = WebhookEvents.All.ToDictionary(e => e, e => e, StringComparer.Ordinal);
        foreach (var (name, word) in words.SelectMany(w => w.Value.Select(v => (w.Key, v))))
        {
            _events[Fold(word)] = name;
        }
    }

    /// <summary>Without settings.</summary>
    public static WebhookMapping Default { get; } = new(new Dictionary<string, string[]>(), new Dictionary<string, string[]>());

    /// <summary>True if the name of the rule's action says the event.</summary>
    public bool IsActionRead { get; }

    /// <summary>Words that stand for events.</summary>
    public IEnumerable<string> Words => _events.Keys;

    /// <summary>What a field of a record says, one of <see cref="WebhookFields"/>; null if it says nothing here.</summary>
    public string? MeaningOf(string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        if (_named.FirstOrDefault(n => n.Value.Contains(field)) is { Key: { } named })
        {
            return named;
        }

        var prefix = Prefixes.FirstOrDefault(p => field.StartsWith(p, StringComparison.Ordinal)) ?? string.Empty;
        return _meanings.GetValueOrDefault(field[prefix.Length..]);
    }

    /// <summary>The field that is to be chosen in a rule for something to be said, in words.</summary>
    public string FieldOf(string meaning) => _named.TryGetValue(meaning, out var named) ? string.Join(" or ", named) : $"{meaning} (or x_{meaning})";

    /// <summary>The event that a word stands for; null if it stands for none.</summary>
    public string? EventOf(string word) => _events.GetValueOrDefault(Fold(word));

    /// <summary>The event that the name of an action, such as <c>Suspend(#12)</c>, stands for; null if it stands for none.</summary>
    public string? EventOfAction(string action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var number = action.EndsWith(')') ? action.LastIndexOf("(#", StringComparison.Ordinal) : -1;
        return EventOf(number < 0 ? action : action[..number]);
    }

    /// <summary>A word as it is compared: selections are written with underscores, the names of rules with blanks.</summary>
    internal static string Fold(string word) => word.Trim().ToLowerInvariant().Replace(' ', '_').Replace('-', '_');
}
