using System.Globalization;

namespace Bibind.ControlPlane.Pools;

/// <summary>What a server's pools need, from what is known of them; decides and does nothing.</summary>
internal sealed class WarmPoolDecision
{
    private const long BytesOfGigabyte = 1_000_000_000;

    // A clone that became ready while the server was asked may be missing in its answer.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private WarmPoolDecision()
    {
    }

    /// <summary>Entries that are to be dropped and are not marked so yet.</summary>
    public required IReadOnlyList<long> ToDrain { get; init; }

    /// <summary>Templates that lack a clone, one element for each to be made.</summary>
    public required IReadOnlyList<PooledTemplate> ToMake { get; init; }

    /// <summary>Why nothing is made or dropped now, in words; null if it is.</summary>
    public required string? Held { get; init; }

    /// <summary>True if it is held only for a moment.</summary>
    public required bool IsHeldShortly { get; init; }

    public static WarmPoolDecision Of(
        PooledServer server, IReadOnlyList<PooledTemplate> templates, IReadOnlyList<PoolEntryRow> entries, SeenPoolDatabases? seen, WarmPoolLimits limits)
    {
        var drained = new HashSet<long>();
        var missing = new List<PooledTemplate>();
        var living = entries.Where(e => e.State is PoolEntryStates.Filling or PoolEntryStates.Ready).ToList();
        drained.UnionWith(living.Where(e => IsGone(e, seen) || !templates.Any(t => t.IsCurrent(e))).Select(e => e.Id));
        foreach (var template in templates)
        {
            // What is not ready goes first, then the youngest.
            var own = living.Where(e => template.IsCurrent(e) && !drained.Contains(e.Id)).OrderByDescending(e => e.State == PoolEntryStates.Ready).ThenBy(e => e.Id).ToList();
            var wanted = server.WantsNone ? 0 : template.Wanted;
            drained.UnionWith(own.Skip(wanted).Select(e => e.Id));
            missing.AddRange(Enumerable.Repeat(template, Math.Max(0, wanted - own.Count)));
        }

        var filling = living.Count(e => e.State == PoolEntryStates.Filling && !drained.Contains(e.Id));
        var held = Away(server) ?? (server.Orders > 0 ? Waiting(server) : null);
        var shortage = held ?? Shortage(server, missing, filling, limits);
        return new WarmPoolDecision
        {
            ToDrain = [.. drained],
            ToMake = shortage is null ? [.. Spread(missing).Take(Math.Max(0, limits.AtOnce - filling))] : [],
            Held = shortage,
            IsHeldShortly = held is not null && Away(server) is null,
        };
    }

    /// <summary>True where clones may be dropped now.</summary>
    public static bool MayDrop(PooledServer server) => Away(server) is null && server.Orders == 0;

    private static bool IsGone(PoolEntryRow entry, SeenPoolDatabases? seen) =>
        seen is not null && entry is { State: PoolEntryStates.Ready, Oid: { } oid } && entry.ReadyAt < seen.At - Margin
        && !(seen.Databases.TryGetValue(entry.Database, out var found) && found == oid);

    // Nobody can be asked there, or somebody works on it.
    private static string? Away(PooledServer server) =>
        server.State is "offline" or "maintenance" ? $"The server is {server.State}."
        : server.Health == "critical" ? "The server does not answer."
        : null;

    private static string Waiting(PooledServer server) =>
        server.Orders == 1 ? "An order is under way." : string.Create(CultureInfo.InvariantCulture, $"{server.Orders} orders are under way.");

    private static string? Shortage(PooledServer server, List<PooledTemplate> missing, int filling, WarmPoolLimits limits)
    {
        if (missing.Count == 0 && filling == 0)
        {
            return null;
        }

        if (server.Health == "warning" && !server.OnlyCapacityWarns)
        {
            return "The server is warned of: its health says why.";
        }

        var next = missing.Count == 0 ? 0 : missing.Max(t => t.Bytes);
        if (server is { DatabaseBytes: { } used, DiskGb: { } gigabytes } && (used + next) * 100 > gigabytes * BytesOfGigabyte * limits.MaximumDiskPercent)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"The disk is short: databases take {used / BytesOfGigabyte} of {gigabytes} GB, and pools are filled up to {limits.MaximumDiskPercent} %.");
        }

        return server is { FileStoreFreeBytes: { } free, FileStoreBytes: > 0 and var all } && (all - free) * 100 > all * limits.MaximumDiskPercent
            ? string.Create(CultureInfo.InvariantCulture, $"The disk of the file store is short: pools are filled up to {limits.MaximumDiskPercent} %.")
            : null;
    }

    // One of each in turn, so that a large pool does not keep a small one empty.
    private static IEnumerable<PooledTemplate> Spread(IEnumerable<PooledTemplate> missing) =>
        missing.GroupBy(t => t.Id).SelectMany(g => g.Select((t, turn) => (t, turn))).OrderBy(m => m.turn).ThenBy(m => m.t.Id).Select(m => m.t);
}
