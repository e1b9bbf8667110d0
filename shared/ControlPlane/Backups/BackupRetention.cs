using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Plans;

namespace Bibind.ControlPlane.Backups;

/// <summary>
/// Says which backups a plan keeps: the newest of each of the last days, weeks and months that have one. Days, weeks
/// (from Monday) and months are those of UTC. It counts days with backups, not days of the calendar: when backups fail
/// for a while, the old ones do not disappear meanwhile.
/// </summary>
public static class BackupRetention
{
    /// <summary>The backups to keep, in the order given. What is not among them may be deleted.</summary>
    /// <remarks>Kept whatever the plan says: the newest one, every final one, which is all that is left of a tenant, those of upgrades, which have a time of their own, former states until they are confirmed or their time is up, and those that are becoming staging copies.</remarks>
    public static IReadOnlyList<BackupRecord> Keep(IReadOnlyCollection<BackupRecord> backups, Plan plan)
    {
        ArgumentNullException.ThrowIfNull(backups);
        ArgumentNullException.ThrowIfNull(plan);

        // What becomes a staging copy is gone in a moment: it takes the place of none. Of two of the same moment, always the same one is the newer.
        var newestFirst = backups.Where(b => b.Kind != StagingBackups.Kind).OrderByDescending(b => b.CreatedAt).ThenByDescending(b => b.Id, StringComparer.Ordinal).ToList();
        var kept = newestFirst.Take(1)
            .Concat(backups.Where(b => b.IsFormerState || b.Kind is BackupKinds.Final or BackupKinds.Upgrade or StagingBackups.Kind))
            .Concat(NewestOfEach(newestFirst, Day, plan.RetentionDaily))
            .Concat(NewestOfEach(newestFirst, Week, plan.RetentionWeekly))
            .Concat(NewestOfEach(newestFirst, Month, plan.RetentionMonthly))
            .Select(b => b.Id)
            .ToHashSet(StringComparer.Ordinal);
        return [.. backups.Where(b => kept.Contains(b.Id))];
    }

    /// <summary>The backups that may be deleted: all that <see cref="Keep"/> leaves out.</summary>
    public static IReadOnlyList<BackupRecord> Expired(IReadOnlyCollection<BackupRecord> backups, Plan plan)
    {
        var kept = Keep(backups, plan).Select(b => b.Id).ToHashSet(StringComparer.Ordinal);
        return [.. backups.Where(b => !kept.Contains(b.Id))];
    }

    private static IEnumerable<BackupRecord> NewestOfEach(List<BackupRecord> newestFirst, Func<DateTime, int> period, int count) =>
        newestFirst.GroupBy(b => period(b.CreatedAt.UtcDateTime)).Take(Math.Max(0, count)).Select(g => g.First());

    private static int Day(DateTime at) => DateOnly.FromDateTime(at).DayNumber;

    private static int Week(DateTime at) => (ISOWeek.GetYear(at) * 100) + ISOWeek.GetWeekOfYear(at);

    private static int Month(DateTime at) => (at.Year * 100) + at.Month;
}

/// <summary>Why a backup was taken.</summary>
public static class BackupKinds
{
    /// <summary>At the end of a tenant's provisioning.</summary>
    public const string First = "first";

    /// <summary>Before a tenant was destroyed.</summary>
    public const string Final = "final";

    /// <summary>Somebody asked for it, or for something that needs one before it.</summary>
    public const string Manual = "manual";

    /// <summary>By the plan's schedule.</summary>
    public const string Scheduled = "scheduled";

    /// <summary>Of what a tenant was before an upgrade.</summary>
    public const string Upgrade = "upgrade";
}
