using System.Text.Json.Nodes;

namespace Bibind.Durable.Tests.Golden;

/// <summary>What the real Durable Task Framework did; the file is never edited.</summary>
internal sealed class GoldenVector
{
    private const string Prefix = "Golden/";

    private GoldenVector(JsonObject json) => Json = json;

    public JsonObject Json { get; }

    public bool IsUnordered => (bool?)Json["unordered"] ?? false;

    public static IReadOnlyList<string> Names() =>
    [
        .. typeof(GoldenVector).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    public static GoldenVector Read(string name)
    {
        using var file = typeof(GoldenVector).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"There is no vector '{name}'.");
        return new GoldenVector(JsonNode.Parse(file)!.AsObject());
    }

    /// <summary>The part that is compared, in the shape of <see cref="GoldenRun.DescribeAsync"/>.</summary>
    public JsonObject Expectation()
    {
        var expected = new JsonObject
        {
            ["outcome"] = Json["outcome"]!.DeepClone(),
            ["executions"] = Executions(Json),
        };
        foreach (var other in Json["otherInstances"]?.AsArray() ?? [])
        {
            expected[(string)other!["instanceId"]!] = new JsonObject
            {
                ["outcome"] = other["outcome"]!.DeepClone(),
                ["executions"] = Executions(other.AsObject()),
            };
        }

        return expected;
    }

    private static JsonArray Executions(JsonObject instance) =>
        instance["executions"] is JsonArray several ? several.DeepClone().AsArray() : [instance["history"]!.DeepClone()];
}
