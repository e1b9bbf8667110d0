using System.Globalization;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Plans;

namespace Bibind.ControlPlane.Tests;

public sealed class BackupRetentionTests
{
    private static readonly Plan Plan = new() { RetentionDaily = 3, RetentionWeekly = 2, RetentionMonthly = 2 };

    [Fact]
    public void The_newest_of_each_of_the_last_days_weeks_and_months_is_kept()
    {
        var nightly = Nightly("2026-01-01", days: 90);

        var kept = BackupRetention.Keep(nightly, Plan);

        // 31 March 2026 is a Tuesday: the weeks' newest are that day and Sunday the 29th, the months' that day and 28 February.
        Assert.Equal(["2026-02-28", "2026-03-29", "2026-03-30", "2026-03-31"], kept.Select(Day));
    }

    [Fact]
    public void Of_several_a_day_the_last_is_kept()
    {
        var kept = BackupRetention.Keep([Backup("2026-03-02T01:00"), Backup("2026-03-02T23:59"), Backup("2026-03-01T12:00"), Backup("2026-03-01T08:00")], Plan);

        Assert.Equal(["2026-03-02T23:59", "2026-03-01T12:00"], kept.Select(b => b.Id));
    }

    [Fact]
    public void Old_backups_stay_as_long_as_no_new_ones_come()
    {
        var before = BackupRetention.Keep(Nightly("2020-01-01", days: 90), Plan);

        Assert.Equal(before, BackupRetention.Keep(before, Plan));
    }

    [Fact]
    public void What_was_kept_one_night_and_is_let_go_the_next_was_in_nobodys_last_days_weeks_or_months()
    {
        var store = new List<BackupRecord>();
        foreach (var tonight in Nightly("2026-01-01", days: 400))
        {
            store = [.. BackupRetention.Keep([.. store, tonight], Plan)];
        }

        Assert.Equal(BackupRetention.Keep(Nightly("2026-01-01", days: 400), Plan).Select(b => b.Id), store.Select(b => b.Id));
    }

    [Fact]
    public void The_week_of_a_new_year_is_one_week()
    {
        // Thursday and Friday of the same week, in two years.
        var kept = BackupRetention.Keep([Backup("2026-12-31T01:00"), Backup("2027-01-01T01:00")], new Plan { RetentionWeekly = 5 });

        Assert.Equal(["2027-01-01T01:00"], kept.Select(b => b.Id));
    }

    [Fact]
    public void The_newest_and_the_final_are_kept_whatever_the_plan_says()
    {
        var nothing = new Plan();
        BackupRecord[] all = [Backup("2026-03-01T01:00", BackupKinds.Final), Backup("2026-03-02T01:00"), Backup("2026-03-03T01:00")];

        Assert.Equal(["2026-03-01T01:00", "2026-03-03T01:00"], BackupRetention.Keep(all, nothing).Select(b => b.Id));
        Assert.Equal(["2026-03-02T01:00"], BackupRetention.Expired(all, nothing).Select(b => b.Id));
    }

    [Fact]
    public void A_former_state_is_kept_beside_what_the_plan_keeps()
    {
        BackupRecord[] day = [Backup("2026-03-03T09:00", BackupKinds.Manual) with { IsFormerState = true }, Backup("2026-03-03T08:00", BackupKinds.Manual), Backup("2026-03-03T23:00")];

        Assert.Equal(["2026-03-03T09:00", "2026-03-03T23:00"], BackupRetention.Keep(day, Plan).Select(b => b.Id));
    }

    [Fact]
    public void Without_backups_there_is_nothing_to_keep() => Assert.Empty(BackupRetention.Keep([], Plan));

    private static List<BackupRecord> Nightly(string from, int days)
    {
        var first = DateTime.Parse(from, CultureInfo.InvariantCulture);
        return [.. Enumerable.Range(0, days).Select(i => Backup(first.AddDays(i).AddHours(2).ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture)))];
    }

    private static BackupRecord Backup(string at, string kind = BackupKinds.Scheduled) => new(
        at, 1, kind, "key", "manifest", 1, "00", DateTimeOffset.Parse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));

    private static string Day(BackupRecord backup) => backup.CreatedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
