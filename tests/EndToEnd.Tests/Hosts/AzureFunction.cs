using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing.Template;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>A function as its <c>function.json</c> has it.</summary>
internal sealed record AzureFunction(string Name, string Binding)
{
    public string? Queue { get; private init; }

    public string? Schedule { get; private init; }

    public IReadOnlyList<string> Methods { get; private init; } = [];

    public string? Route { get; private init; }

    public static IReadOnlyList<AzureFunction> ReadAll(string folder) =>
        [.. Directory.GetFiles(folder, "function.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>True if a request is this function's.</summary>
    public bool Takes(string method, string path) =>
        Route is not null && Methods.Contains(method, StringComparer.OrdinalIgnoreCase)
        && new TemplateMatcher(TemplateParser.Parse(Route), []).TryMatch(path, []);

    private static AzureFunction Read(string file)
    {
        var trigger = JsonNode.Parse(File.ReadAllText(file))!["bindings"]!.AsArray().Single(b => b!["type"]!.GetValue<string>().EndsWith("Trigger", StringComparison.Ordinal))!;
        return new AzureFunction(Path.GetFileName(Path.GetDirectoryName(file)!), trigger["name"]!.GetValue<string>())
        {
            Queue = trigger["queueName"]?.GetValue<string>(),
            Schedule = trigger["schedule"]?.GetValue<string>(),
            Methods = [.. trigger["methods"]?.AsArray().Select(m => m!.GetValue<string>()) ?? []],
            Route = trigger["route"]?.GetValue<string>(),
        };
    }
}
