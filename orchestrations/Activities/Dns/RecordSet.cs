namespace Bibind.Activities.Dns;

/// <summary>The records of one type at one name.</summary>
/// <param name="Name">Lower case, without the dot at the end.</param>
/// <param name="Type">Such as <c>A</c>.</param>
/// <param name="Values">As people write them: names without the dot at the end, texts without quotes. None where only our mark is left.</param>
internal sealed record RecordSet(string Name, string Type, IReadOnlyList<string> Values)
{
    public int Ttl { get; init; }

    /// <summary>Whose they are, if they say so.</summary>
    public OwnershipLabel? Mark { get; init; }

    /// <summary>What else tells whose they are, in words.</summary>
    public string? Note { get; init; }

    /// <summary>True if both hold the same values, in whatever order.</summary>
    public bool HasValuesOf(RecordSet other) =>
        Values.Order(StringComparer.OrdinalIgnoreCase).SequenceEqual(other.Values.Order(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whose the records are, as far as they tell.</summary>
    public string Whose(string owner) =>
        Mark is null ? Note ?? "it carries no mark of ours"
        : Mark.Owner == owner ? $"its mark says that it is {Mark.Resource}'s"
        : $"its mark says that it is of the installation '{Mark.Owner}'";
}

/// <summary>A change of the records of one type at one name.</summary>
/// <param name="Before">As they were read, or null if there were none.</param>
/// <param name="After">As they shall be, with our mark, or null to delete them with their mark.</param>
internal sealed record RecordSetChange(RecordSet? Before, RecordSet? After)
{
    public string Name => (After ?? Before)!.Name;

    public string Type => (After ?? Before)!.Type;
}

/// <summary>Our mark on records: which installation made them, for what.</summary>
/// <param name="Owner">The installation (<c>Dns__Owner</c>).</param>
/// <param name="Resource">Such as <c>tenant/17</c>.</param>
internal sealed record OwnershipLabel(string Owner, string Resource)
{
    private const string Heritage = "heritage=bibind,bibind/owner=";
    private const string ResourceKey = ",bibind/resource=";

    /// <summary>As it is written beside the records.</summary>
    public string Text => $"{Heritage}{Owner}{ResourceKey}{Resource}";

    /// <summary>Reads a mark; null if the text is none of ours.</summary>
    public static OwnershipLabel? TryParse(string text)
    {
        if (!text.StartsWith(Heritage, StringComparison.Ordinal))
        {
            return null;
        }

        var at = text.IndexOf(ResourceKey, StringComparison.Ordinal);
        return at < 0 ? null : new OwnershipLabel(text[Heritage.Length..at], text[(at + ResourceKey.Length)..]);
    }

    /// <summary>Where the mark is where a record cannot carry one: a TXT beside it, at the name with the type before it, or below the zone's own name.</summary>
    public static string CompanionOf(string name, string type, string zone) => name == zone
        ? $"_{type.ToLowerInvariant()}.{zone}"
        : $"{type.ToLowerInvariant()}-{name.Replace("*", "any", StringComparison.Ordinal)}";
}
