using Bibind.Contracts;

namespace Bibind.ControlPlane.Pending;

/// <summary>How long to wait after an attempt that failed: twice as long each time, never at the same moment for many tenants.</summary>
public static class PendingWaits
{
    private const double Spread = 0.25;

    // An application comes back within minutes, and its customer waits. A backup costs a server its processors.
    private static readonly (TimeSpan First, TimeSpan Longest) Application = (TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(10));
    private static readonly (TimeSpan First, TimeSpan Longest) Backup = (TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));

    /// <summary>The wait after the given attempt, from 1.</summary>
    public static TimeSpan After(string kind, int attempt)
    {
        var (first, longest) = kind == PendingKinds.FirstBackup ? Backup : Application;
        var wait = first * Math.Pow(2, Math.Clamp(attempt - 1, 0, 20));
        return (wait < longest ? wait : longest) * (1 - Spread + (2 * Spread * Random.Shared.NextDouble()));
    }
}
