using Microsoft.Extensions.Logging.Console;

namespace Bibind.Functions.Logging;

/// <summary>How the host logs.</summary>
internal static class HostLogging
{
    private const string Framework = "Microsoft.AspNetCore";
    private const string RequestLog = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>Logs to the console, a line each.</summary>
    public static void AddConsole(ILoggingBuilder logging) =>
        logging.AddConsole(console => console.FormatterName = EscapingConsoleFormatter.FormatterName)
            .AddConsoleFormatter<EscapingConsoleFormatter, ConsoleFormatterOptions>();

    /// <summary>Keeps whole paths out of every log.</summary>
    public static void HideRequestPaths(ILoggingBuilder logging)
    {
        // The framework's own request log writes whole paths, and puts them into every scope; a webhook's path holds its
        // token, so no setting may bring them back. What is worth knowing of a request, RequestLogMiddleware writes.
        logging.Services.PostConfigure<LoggerFilterOptions>(filters =>
        {
            foreach (var rule in filters.Rules.Where(r => r.CategoryName?.StartsWith(Framework, StringComparison.OrdinalIgnoreCase) == true).ToList())
            {
                filters.Rules.Remove(rule);
            }

            // A rule for one provider goes before a rule for all, so each provider that has rules needs its own.
            foreach (var provider in filters.Rules.Select(r => r.ProviderName).Append(null).Distinct().ToList())
            {
                filters.Rules.Add(new LoggerFilterRule(provider, Framework, LogLevel.Warning, null));
                filters.Rules.Add(new LoggerFilterRule(provider, RequestLog, LogLevel.None, null));
            }
        });
    }
}
