using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;

namespace Bibind.Testing.FunctionsHost;

/// <summary>A function as the worker told the host of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">What the worker calls it.</param>
/// <param name="Trigger">The binding that triggers it.</param>
public sealed record StandInFunction(string Name, string Id, JsonObject Trigger)
{
    private readonly TemplateMatcher? _route = Trigger["route"] is { } route
        ? new TemplateMatcher(TemplateParser.Parse(route.GetValue<string>()), []) : null;

    /// <summary>Its queue, or null.</summary>
    public string? Queue => Trigger["queueName"]?.GetValue<string>();

    /// <summary>Its schedule, or null.</summary>
    public string? Schedule => Trigger["schedule"]?.GetValue<string>();

    /// <summary>The name of the parameter that the trigger fills.</summary>
    public string Parameter => Trigger["name"]!.GetValue<string>();

    /// <summary>True if a request is this function's: routes know no case, and only the methods that are named count.</summary>
    public bool Takes(string method, string path) =>
        _route is not null && Trigger["methods"]!.AsArray().Any(m => string.Equals(m!.GetValue<string>(), method, StringComparison.OrdinalIgnoreCase))
        && _route.TryMatch(path, new RouteValueDictionary());

    /// <summary>The binding among a function's that triggers it.</summary>
    internal static JsonObject FindTrigger(IEnumerable<string> bindings) => bindings.Select(b => JsonNode.Parse(b)!.AsObject())
        .Single(b => b["type"]!.GetValue<string>().EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
}

/// <summary>A queue message as the host hands it over.</summary>
public sealed record StandInMessage(string Id, string Receipt, string Text, long DequeueCount);

/// <summary>How an invocation ended.</summary>
/// <param name="Succeeded">Whether the host takes it for done.</param>
/// <param name="Error">What the worker said, if it failed.</param>
public sealed record StandInResult(bool Succeeded, string? Error);
