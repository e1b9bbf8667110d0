using System.Globalization;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Servers;

/// <summary>Says what measures mean.</summary>
internal static class HealthVerdict
{
    private const long BytesOfGigabyte = 1_000_000_000;
    private const int LongestReason = 1000;

    /// <summary>Judges a check.</summary>
    /// <param name="server">The server as it was before.</param>
    /// <param name="application">What its application said.</param>
    /// <param name="database">What its PostgreSQL said.</param>
    /// <param name="disk">Of its file store: bytes free and in all; null where that is not known.</param>
    /// <param name="limits">What is slow, full and long.</param>
    /// <param name="minimumFreePercent">Free places, in per cent of all, that a server must have to take a tenant.</param>
    public static ServerCheckResult Of(
        Server server, ApplicationAnswer application, DatabaseAnswer database, (long Free, long All)? disk, ServerHealthOptions limits, int minimumFreePercent)
    {
        var measures = database.Measures with
        {
            ApplicationMilliseconds = application.Ok ? (int)application.Took.TotalMilliseconds : null,
            ApplicationVersion = application.Version,
            FileStoreFreeBytes = disk?.Free,
            FileStoreBytes = disk?.All,
        };

        // One that was put to work without its application is not held to what it never had.
        var isExpected = server.ApplicationVersion is not null;
        List<string> faults = [.. new[] { database.Problem, application.Ok || !isExpected ? null : application.Message }.OfType<string>()];
        if (faults.Count > 0)
        {
            return new ServerCheckResult(ServerHealth.Critical, Shown(faults), measures);
        }

        var isOtherVersion = application.Version is { } version && isExpected && SeriesOf(version) != SeriesOf(server.ApplicationVersion!);
        List<string> warnings = [.. FindWarnings(server, application, measures, limits)];
        var isShort = server.AvailableCapacityPercent < minimumFreePercent || server.UsedPlaces >= server.MaxTenants;
        if (isOtherVersion)
        {
            warnings.Insert(0, $"Its application is of version {application.Version}, and was of {server.ApplicationVersion}: its templates may not fit. POST /api/servers/{server.Code}/activate takes the version over.");
        }

        var onlyCapacityWarns = isShort && warnings.Count == 0;
        if (isShort)
        {
            warnings.Add($"Only {server.AvailableCapacityPercent} % of its places are free: raise maxTenants, or add a server.");
        }

        List<string> notes = [.. warnings, .. database.Unknown];
        if (!application.Ok)
        {
            notes.Add($"Its application has not answered yet, and is not held against it until it has: {application.Message}");
        }

        return new ServerCheckResult(warnings.Count > 0 ? ServerHealth.Warning : ServerHealth.Healthy, notes.Count > 0 ? Shown(notes) : null, measures)
        {
            IsOtherVersion = isOtherVersion,
            OnlyCapacityWarns = onlyCapacityWarns,
        };
    }

    /// <summary>A server that cannot even be asked.</summary>
    public static ServerCheckResult Unreachable(string why) => new(ServerHealth.Critical, Shown([why]), new ServerMeasures());

    private static IEnumerable<string> FindWarnings(Server server, ApplicationAnswer application, ServerMeasures found, ServerHealthOptions limits)
    {
        if (application.Ok && application.Took > limits.SlowAnswer)
        {
            yield return Invariant($"Its application took {application.Took.TotalSeconds:0.0} seconds to answer.");
        }

        if (found.DatabaseMilliseconds > limits.SlowAnswer.TotalMilliseconds)
        {
            yield return Invariant($"Its PostgreSQL took {found.DatabaseMilliseconds / 1000.0:0.0} seconds to answer.");
        }

        if (found is { Connections: { } used, MaxConnections: > 0 and var most } && (most - used) * 100L < most * (long)limits.MinimumFreeConnectionsPercent)
        {
            yield return $"{used} of {most} connections of its PostgreSQL are in use: raise max_connections, or put a pooler before it.";
        }

        if (found.DatabaseBytes is { } bytes && server.DiskGb is { } gigabytes && PercentOf(bytes, gigabytes * BytesOfGigabyte) is var full && full >= limits.MaximumDiskPercent)
        {
            yield return $"Its databases take {full} % of its disk of {gigabytes} GB: make room, or set diskGb if the disk has grown.";
        }

        if (found is { FileStoreFreeBytes: { } free, FileStoreBytes: > 0 and var all } && PercentOf(all - free, all) is var stored && stored >= limits.MaximumDiskPercent)
        {
            yield return $"The disk of its file store is {stored} % full.";
        }

        if (found.OldestTransactionSeconds > limits.LongestTransaction.TotalSeconds)
        {
            yield return $"A transaction is open for {Age(found.OldestTransactionSeconds.Value)}: nothing that was deleted since can be cleaned up. pg_stat_activity and pg_prepared_xacts say whose it is.";
        }

        if (found.ReplicationLagSeconds > limits.LongestReplicationLag.TotalSeconds)
        {
            yield return $"A standby is {Age(found.ReplicationLagSeconds.Value)} behind.";
        }
    }

    // "18.0-20250101" and "18.0+e" are of one series.
    private static string SeriesOf(string version) => version.Split('-', '+', ' ')[0];

    private static long PercentOf(long part, long whole) => (long)(part * 100.0 / whole);

    private static string Age(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e9)).ToString(seconds < 86_400 ? @"hh\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Parts of it were said by the server itself.
    private static string Shown(IEnumerable<string> sentences)
    {
        var text = SecretText.Show(PlainText.Escape(string.Join(' ', sentences)));
        return text.Length <= LongestReason ? text : $"{text[..LongestReason]}…";
    }
}
