using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>What the isolated worker logs; ids are stable.</summary>
internal static partial class Logs
{
    [LoggerMessage(2400, LogLevel.Warning, "{Function} failed after its answer had begun; the connection is cut.")]
    public static partial void AnswerBroken(ILogger logger, string function, Exception exception);
}
