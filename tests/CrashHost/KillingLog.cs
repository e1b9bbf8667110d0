using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Bibind.CrashHost;

/// <summary>Kills the process, as <c>kill -9</c> does, when an event of this name is logged (<c>log:NAME</c>): in the middle of an effect.</summary>
internal sealed class KillingLog(string boundary) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if ($"log:{eventId.Name}" == boundary)
        {
            Process.GetCurrentProcess().Kill();
            // The signal ends the process within this call or right after it; nothing may go on meanwhile.
            Thread.Sleep(Timeout.Infinite);
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
