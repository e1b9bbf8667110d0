using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>The operators' web console.</summary>
internal static class ConsoleSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Pages of the web console", "What there is below `/console`; see [console](console.md).",
            Flag("Console:Enabled", true, "False: this host has no console; the API is as ever."),
            Choice("Console:Environment", "production", ["production", "staging", "development"], "Which installation this is: shown on every page, each in its own colour."),
            Text("Console:TraceUrl", "The address of a trace in whatever shows traces, with `{traceId}` where its id belongs: a job's page links to its trace. Absolute, `http` or `https`.", example: "https://traces.example.com/trace/{traceId}")),
    ];
}
