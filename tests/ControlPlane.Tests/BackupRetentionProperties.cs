using System.Globalization;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Plans;
using CsCheck;

namespace Bibind.ControlPlane.Tests;

/// <summary>What holds of retention for any backups and any plan.</summary>
public sealed class BackupRetentionProperties
{
    private static readonly DateTimeOffset First = new(2023, 12, 1, 0, 0, 0, TimeSpan.Zero);

    // Four years with a leap day, minutes around midnight and the ends of months often.
    private static readonly Gen<DateTimeOffset> Moment = Gen.OneOf(
        Gen.Select(Gen.Int[0, 1500], Gen.Int[0, 1439], (day, minute) => First.AddDays(day).AddMinutes(minute)),
        Gen.Select(Gen.Int[0, 48], Gen.Int[-2, 2], (month, minute) => First.AddMonths(month).AddMinutes(minute)));

    private static readonly Gen<BackupRecord[]> Backups =
        Gen.Select(Moment, Gen.Frequency((9, Gen.Const(BackupKinds.Scheduled)), (1, Gen.Const(BackupKinds.Final)))).Array[0, 60]
            .Select(all => all.Select((b, i) => Backup(i.ToString(CultureInfo.InvariantCulture), b.Item1, b.Item2)).ToArray());

    private static readonly Gen<Plan> Plans = Gen.Select(
        Gen.Int[0, 8], Gen.Int[0, 5], Gen.Int[0, 13], (daily, weekly, monthly) => new Plan { RetentionDaily = daily, RetentionWeekly = weekly, RetentionMonthly = monthly });

    [Fact]
    public void What_is_kept_and_what_expires_is_all_there_is() => Gen.Select(Backups, Plans).Sample((backups, plan) =>
        Ids(BackupRetention.Keep(backups, plan)).Concat(Ids(BackupRetention.Expired(backups, plan))).Order().SequenceEqual(Ids(backups).Order()));

    [Fact]
    public void The_newest_and_every_final_one_stay_and_no_more_others_than_the_plan_names() => Gen.Select(Backups, Plans).Sample((backups, plan) =>
    {
        var kept = BackupRetention.Keep(backups, plan);
        Assert.True(backups.Length == 0 || kept.Any(b => b.CreatedAt == backups.Max(o => o.CreatedAt)));
        Assert.Superset(Ids(backups.Where(b => b.Kind == BackupKinds.Final)).ToHashSet(), Ids(kept).ToHashSet());
        Assert.InRange(kept.Count(b => b.Kind != BackupKinds.Final), 0, 1 + plan.RetentionDaily + plan.RetentionWeekly + plan.RetentionMonthly);
    });

    [Fact]
    public void The_last_backup_of_each_of_the_last_months_is_kept() => Gen.Select(Backups, Plans).Sample((backups, plan) =>
    {
        var kept = Ids(BackupRetention.Keep(backups, plan)).ToHashSet();
        var months = backups.GroupBy(b => b.CreatedAt.ToString("yyyy-MM", CultureInfo.InvariantCulture)).OrderByDescending(m => m.Key, StringComparer.Ordinal);
        Assert.All(months.Take(plan.RetentionMonthly), month => Assert.Contains(month.MaxBy(b => (b.CreatedAt, b.Id))!.Id, kept));
    });

    [Fact]
    public void Asking_again_or_in_another_order_changes_nothing() => Gen.Select(Backups, Plans, Gen.Int).Sample((backups, plan, seed) =>
    {
        var kept = BackupRetention.Keep(backups, plan);
        var shuffled = backups.OrderBy(b => HashCode.Combine(seed, b.Id)).ToList();
        return Ids(BackupRetention.Keep(kept, plan)).SequenceEqual(Ids(kept))
            && Ids(BackupRetention.Keep(shuffled, plan)).Order().SequenceEqual(Ids(kept).Order());
    });

    [Fact]
    public void A_larger_plan_keeps_what_the_smaller_kept() => Gen.Select(Backups, Plans, Plans).Sample((backups, plan, more) =>
        Ids(BackupRetention.Keep(backups, plan)).ToHashSet().IsSubsetOf(Ids(BackupRetention.Keep(backups, new Plan
        {
            RetentionDaily = plan.RetentionDaily + more.RetentionDaily,
            RetentionWeekly = plan.RetentionWeekly + more.RetentionWeekly,
            RetentionMonthly = plan.RetentionMonthly + more.RetentionMonthly,
        }))));

    [Fact]
    public void Deleting_what_expires_after_each_backup_ends_as_deleting_all_at_once() => Gen.Select(Backups, Plans).Sample((backups, plan) =>
    {
        List<BackupRecord> store = [];
        foreach (var next in backups.OrderBy(b => b.CreatedAt).ThenBy(b => b.Id, StringComparer.Ordinal))
        {
            store = [.. BackupRetention.Keep([.. store, next], plan)];
        }

        Assert.Equal(Ids(BackupRetention.Keep(backups, plan)).Order(), Ids(store).Order());
    });

    private static BackupRecord Backup(string id, DateTimeOffset at, string kind) => new(id, 1, kind, "key", "manifest", 1, "00", at);

    private static IEnumerable<string> Ids(IEnumerable<BackupRecord> backups) => backups.Select(b => b.Id);
}
