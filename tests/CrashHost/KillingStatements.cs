using System.Diagnostics;

namespace Bibind.CrashHost;

/// <summary>
/// Kills the process, as <c>kill -9</c> does, when a statement that has a text (<c>sql:TEXT</c>) has been executed by PostgreSQL, whatever server that is: in
/// the middle of its transaction, if it has one.
/// </summary>
internal sealed class KillingStatements : IDisposable
{
    private const string Prefix = "sql:";
    private readonly ActivityListener _listener;

    private KillingStatements(string text)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.GetTagItem("db.query.text") is string statement && statement.Contains(text, StringComparison.Ordinal))
                {
                    Process.GetCurrentProcess().Kill();
                    // The signal ends the process within this call or right after it; nothing may go on meanwhile.
                    Thread.Sleep(Timeout.Infinite);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Null if the boundary is no statement.</summary>
    public static KillingStatements? At(string boundary) =>
        boundary.StartsWith(Prefix, StringComparison.Ordinal) ? new KillingStatements(boundary[Prefix.Length..]) : null;

    public void Dispose() => _listener.Dispose();
}
