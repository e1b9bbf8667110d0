using Bibind.ControlPlane.Pools;

namespace Bibind.Activities.Database;

/// <summary>How PostgreSQL copies a template.</summary>
internal static class CloneStrategy
{
    /// <summary>Through the log, without a checkpoint.</summary>
    public const string WalLog = "wal_log";

    /// <summary>File by file, between two checkpoints.</summary>
    public const string FileCopy = "file_copy";

    /// <summary>The same, and the file system shares the blocks where it can: <c>file_copy_method = clone</c>, from PostgreSQL 18 on.</summary>
    public const string FileCopyClone = "file_copy_clone";

    // Measured: up to about 100 MB the copy through the log is faster than two checkpoints and a copy of files.
    private const long WalLogLimit = 100L * 1024 * 1024;

    // Below nothing is won by trying.
    private const long SmallestTried = 32L * 1024 * 1024;

    // Identical clones differ by as much.
    private const double Noise = 0.7;

    /// <summary>What a server offers, the one first that is right for the size unless measuring says otherwise; none before version 15.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(MaintenanceSession session, long templateBytes, CancellationToken cancellationToken)
    {
        var canShareBlocks = session.MajorVersion >= 18
            && (await session.QueryAsync(
                "select coalesce(bool_or('clone' = any(enumvals)), false) from pg_settings where name = 'file_copy_method'", row => row.GetBoolean(0), cancellationToken)).Single();
        return Of(session.MajorVersion, canShareBlocks, templateBytes);
    }

    /// <summary>The same for what is known of a server.</summary>
    public static IReadOnlyList<string> Of(int majorVersion, bool canShareBlocks, long templateBytes)
    {
        var files = canShareBlocks ? FileCopyClone : FileCopy;
        return majorVersion < 15 ? [] : templateBytes <= WalLogLimit ? [WalLog, files] : [files, WalLog];
    }

    /// <summary>The strategy to use; null for PostgreSQL's only one.</summary>
    /// <param name="offered">What there is, the one first that is right by the size.</param>
    /// <param name="times">What was measured.</param>
    /// <param name="templateBytes">The size of the template.</param>
    /// <param name="mayTry">True where nobody waits for the clone: what was not measured yet is tried once.</param>
    public static string? Choose(IReadOnlyList<string> offered, IReadOnlyList<CloneTime> times, long templateBytes, bool mayTry)
    {
        if (offered.Count == 0)
        {
            return null;
        }

        var taken = times.Where(t => t.Milliseconds is not null && offered.Contains(t.Strategy)).ToDictionary(t => t.Strategy, t => t.Milliseconds!.Value);
        if (mayTry && templateBytes >= SmallestTried && offered.FirstOrDefault(s => !taken.ContainsKey(s)) is { } untried)
        {
            return untried;
        }

        if (!taken.TryGetValue(offered[0], out var usual))
        {
            return offered[0];
        }

        var fastest = taken.MinBy(t => t.Value);
        return fastest.Value < usual * Noise ? fastest.Key : offered[0];
    }

    /// <summary>The clause of CREATE DATABASE by the size alone.</summary>
    public static string Clause(int majorVersion, long templateBytes) =>
        Clause(Choose(Of(majorVersion, canShareBlocks: false, templateBytes), [], templateBytes, mayTry: false));

    /// <summary>The clause of CREATE DATABASE.</summary>
    public static string Clause(string? strategy) => strategy switch
    {
        null => string.Empty,
        WalLog => " strategy wal_log",
        _ => " strategy file_copy",
    };
}
