using System.Globalization;
using Bibind.ControlPlane;
using Bibind.Functions.Startup;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Bibind.Functions.Logging;

/// <summary>
/// Writes each entry as one line and escapes what does not show: text of callers and of other servers can neither forge a line
/// nor steer the terminal that shows it.
/// </summary>
internal sealed class EscapingConsoleFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>The formatter among the console's.</summary>
    public const string FormatterName = "bibind";

    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        ArgumentNullException.ThrowIfNull(textWriter);
        if (logEntry.Category == HostCategory && StartException.IsSaidInWords(logEntry.Exception))
        {
            // The program says it itself when it ends, in one line.
            return;
        }

        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var exception = logEntry.Exception is null ? string.Empty : $" {OneLine(logEntry.Exception.ToString())}";
        textWriter.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {NameOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {OneLine(message)}{exception}{Environment.NewLine}"));
    }

    private static string OneLine(string text) => PlainText.Escape(text.ReplaceLineEndings(" "));

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
