namespace Bibind.Cli.Output;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>Aligned columns, for people; their titles and order stay.</summary>
    Table,

    /// <summary>As the API answers.</summary>
    Json,

    /// <summary>The same in YAML.</summary>
    Yaml,

    /// <summary>Codes or ids alone, one a line, for other programs.</summary>
    Name,
}

/// <summary>A column of a table.</summary>
/// <param name="Title">In upper case.</param>
/// <param name="Value">Its text; null is shown as <c>-</c>.</param>
/// <param name="IsNumber">Aligned to the right.</param>
internal sealed record Column<T>(string Title, Func<T, string?> Value, bool IsNumber = false);

/// <summary>How a type is shown.</summary>
/// <param name="name">Its code or id.</param>
/// <param name="columns">In a list.</param>
internal sealed class View<T>(Func<T, string> name, params Column<T>[] columns)
{
    public Func<T, string> Name => name;

    public IReadOnlyList<Column<T>> Columns => columns;

    /// <summary>Besides the columns, where one is shown.</summary>
    public IReadOnlyList<Column<T>> Details { get; private init; } = [];

    public View<T> With(params Column<T>[] details) => new(name, columns) { Details = details };
}
