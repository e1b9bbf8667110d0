using System.Text.Json;
using Bibind.Client;
using YamlDotNet.Serialization;

namespace Bibind.Cli.Output;

/// <summary>Writes results in the format that is wanted; what is said besides goes to the errors, so that results can be piped.</summary>
internal sealed class ResultWriter(TextWriter output, TextWriter errors, OutputFormat format)
{
    private static readonly JsonSerializerOptions Json = new(BibindClient.Json) { WriteIndented = true };

    public OutputFormat Format => format;

    public TextWriter Errors => errors;

    public TextWriter Output => output;

    /// <summary>A word to the person, not part of the result.</summary>
    public Task SayAsync(string text) => errors.WriteLineAsync(text);

    public async Task WriteListAsync<T>(IReadOnlyList<T> items, View<T> view)
    {
        switch (format)
        {
            case OutputFormat.Table:
                await WriteTableAsync(items, view.Columns);
                return;
            case OutputFormat.Name:
                foreach (var item in items)
                {
                    await output.WriteLineAsync(Text.Clean(view.Name(item)));
                }

                return;
            default:
                await WriteRawAsync(items);
                return;
        }
    }

    public async Task WriteAsync<T>(T item, View<T> view)
    {
        switch (format)
        {
            case OutputFormat.Table:
                var columns = view.Columns.Concat(view.Details).ToList();
                var width = columns.Max(c => c.Title.Length);
                foreach (var column in columns)
                {
                    await output.WriteLineAsync($"{column.Title.PadRight(width)}  {Text.Clean(column.Value(item))}");
                }

                return;
            case OutputFormat.Name:
                await output.WriteLineAsync(Text.Clean(view.Name(item)));
                return;
            default:
                await WriteRawAsync(item);
                return;
        }
    }

    /// <summary>As JSON or YAML; as JSON, too, where there is no table of it.</summary>
    public Task WriteRawAsync<T>(T item) => format == OutputFormat.Yaml
        ? output.WriteAsync(new SerializerBuilder().WithQuotingNecessaryStrings().Build().Serialize(Plain(JsonSerializer.SerializeToElement(item, Json))!))
        : output.WriteLineAsync(JsonSerializer.Serialize(item, Json));

    private async Task WriteTableAsync<T>(IReadOnlyList<T> items, IReadOnlyList<Column<T>> columns)
    {
        if (items.Count == 0)
        {
            await SayAsync("None.");
            return;
        }

        List<string[]> rows = [[.. columns.Select(c => c.Title)], .. items.Select(i => columns.Select(c => Text.Clean(c.Value(i))).ToArray())];
        var widths = columns.Select((_, column) => rows.Max(r => Text.Width(r[column]))).ToArray();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => Pad(cell, widths[column], columns[column].IsNumber));
            await output.WriteLineAsync(string.Join("  ", cells).TrimEnd());
        }
    }

    private static string Pad(string cell, int width, bool isNumber)
    {
        var space = new string(' ', width - Text.Width(cell));
        return isNumber ? space + cell : cell + space;
    }

    private static object? Plain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().ToDictionary(m => m.Name, m => Plain(m.Value)),
        JsonValueKind.Array => element.EnumerateArray().Select(Plain).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? whole : element.GetDouble(),
        JsonValueKind.True or JsonValueKind.False => element.GetBoolean(),
        _ => null,
    };
}
