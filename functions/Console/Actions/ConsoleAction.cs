namespace Bibind.WebConsole.Actions;

/// <summary>Something that people do: a call of the API with a form before it. What is allowed and what is valid the API decides.</summary>
/// <param name="Area">The part of the console that it belongs to.</param>
/// <param name="Name">Tells it from others of the area, in addresses.</param>
/// <param name="Role">The least role: others see no button, and are refused.</param>
/// <param name="Method">Of the call.</param>
/// <param name="Path">Of the call; <c>{id}</c> and <c>{of}</c> stand for what it is about.</param>
/// <param name="Button">What is pressed.</param>
public sealed record ConsoleAction(string Area, string Name, string Role, HttpMethod Method, string Path, string Button)
{
    /// <summary>What will happen, in a sentence or two.</summary>
    public required string Explain { get; init; }

    /// <summary>What is said when it is done; where a job does it, the job's page says it.</summary>
    public string Done { get; init; } = "Done.";
    public string Icon { get; init; } = "chevron-right";
    public IReadOnlyList<Field> Fields { get; init; } = [];

    /// <summary>True for what takes something away: it is red.</summary>
    public bool IsDangerous { get; init; }

    /// <summary>True if the code must be typed before.</summary>
    public bool TypesCode { get; init; }

    /// <summary>True if the button does it, without a form before.</summary>
    public bool AtOnce { get; init; }

    /// <summary>True if the call has a <c>dryRun</c>: what it answers is shown before, and confirmed.</summary>
    public bool HasDryRun { get; init; }

    /// <summary>Where the present values are read, and the version that the change is made of.</summary>
    public string? Current { get; init; }

    /// <summary>The page to come back to; <c>{id}</c> and <c>{of}</c> as in <see cref="Path"/>.</summary>
    public required string Back { get; init; }

    /// <summary>True if what the API answers is shown once.</summary>
    public bool ShowsSecrets { get; init; }

    /// <summary>Which members of that answer are shown, by their names with a blank between object and member, and how they are called; all of them unless given.</summary>
    public IReadOnlyList<(string Member, string Label)>? Shown { get; init; }

    /// <summary>The address of its form.</summary>
    public string Address(string? id, string? of) =>
        (id is null ? $"/console/do/{Area}/{Name}" : $"/console/do/{Area}/{Uri.EscapeDataString(id)}/{Name}") + (of is null ? string.Empty : $"?of={Uri.EscapeDataString(of)}");

    /// <summary>A path with what it is about.</summary>
    public static string Fill(string path, string? id, string? of) => path
        .Replace("{id}", Uri.EscapeDataString(id ?? string.Empty), StringComparison.Ordinal)
        .Replace("{of}", Uri.EscapeDataString(of ?? string.Empty), StringComparison.Ordinal);
}

/// <summary>What a field holds.</summary>
public enum FieldKind
{
    Text,
    Lines,
    Number,
    Flag,
    Choice,
    Email,
    Time,

    /// <summary>Typed unseen, and never shown again.</summary>
    Password,

    /// <summary>JSON, as an object or list.</summary>
    Json,

    /// <summary>Codes, separated by commas.</summary>
    Codes,

    /// <summary>Texts, one a line.</summary>
    List,

    /// <summary>Bytes, written as GiB.</summary>
    GiB,
}

/// <summary>A field of a form, and of the call's body.</summary>
/// <param name="Name">Of the body; a dot leads into an object.</param>
/// <param name="Label">Before it, in English.</param>
/// <param name="Kind">What it holds.</param>
public sealed record Field(string Name, string Label, FieldKind Kind = FieldKind.Text)
{
    public string? Help { get; init; }
    public bool IsRequired { get; init; }

    /// <summary>The values to choose from.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Or the list of the API that has them.</summary>
    public string? ChoicesFrom { get; init; }

    /// <summary>What it holds at first.</summary>
    public string? Value { get; init; }

    /// <summary>Where the present value stands in what <see cref="ConsoleAction.Current"/> answers; as it is named unless given.</summary>
    public string? From { get; init; }

    /// <summary>True if it is part of the query instead.</summary>
    public bool InQuery { get; init; }

    /// <summary>True if an emptied field is sent as null.</summary>
    public bool CanBeEmptied { get; init; }

    /// <summary>Why; every form of consequence asks it.</summary>
    public static Field Reason(bool isRequired = true, bool inQuery = false) =>
        new("reason", "Reason", FieldKind.Text) { IsRequired = isRequired, InQuery = inQuery, Help = "In your words; it is recorded." };
}
