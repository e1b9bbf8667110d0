namespace Bibind.Benchmarks;

/// <summary>What one run of an orchestration costs the database that holds the hub, measured: a fixed part, and one for each activity.</summary>
/// <param name="Bytes">Bytes on disk after its end, indexes included.</param>
/// <param name="BytesPerActivity">More of them for each activity.</param>
/// <param name="Commits">Transactions.</param>
/// <param name="CommitsPerActivity">More of them for each activity.</param>
/// <param name="LogBytes">Bytes of write-ahead log.</param>
/// <param name="LogBytesPerActivity">More of them for each activity.</param>
internal sealed record RunCost(
    double Bytes, double BytesPerActivity, double Commits, double CommitsPerActivity, double LogBytes, double LogBytesPerActivity)
{
    public double BytesOf(Job job) => Bytes + (BytesPerActivity * job.Activities);

    public double CommitsOf(Job job) => Commits + (CommitsPerActivity * job.Activities);

    public double LogBytesOf(Job job) => LogBytes + (LogBytesPerActivity * job.Activities);
}

/// <summary>A kind of job of one tenant.</summary>
/// <param name="Name">What it is.</param>
/// <param name="PerYear">How often a year.</param>
/// <param name="Activities">Its activities.</param>
/// <param name="Rows">Rows that it leaves in the hub: the instance, and a row of history for each turn.</param>
internal sealed record Job(string Name, double PerYear, int Activities, int Rows);

/// <summary>A year of some tenants.</summary>
/// <param name="Tenants">How many.</param>
/// <param name="Runs">Orchestrations that end.</param>
/// <param name="Rows">Rows that they leave in the hub.</param>
/// <param name="Gigabytes">Bytes that they leave on disk.</param>
/// <param name="LogGigabytes">Bytes of write-ahead log.</param>
/// <param name="CommitsPerSecond">Transactions a second, evenly spread over the year.</param>
/// <param name="ActivitiesPerSecondAtNight">Activities a second in the hours of the nightly backups.</param>
internal sealed record Year(
    int Tenants, double Runs, double Rows, double Gigabytes, double LogGigabytes, double CommitsPerSecond, double ActivitiesPerSecondAtNight);

/// <summary>
/// What a year of tenants means for the hub. Change the assumptions here and run <c>./bench scaling</c>: the costs of a run are measured, the
/// rest is multiplied.
/// </summary>
internal static class ScalingModel
{
    /// <summary>The hours in which the backups of a night are taken.</summary>
    private const double NightHours = 4;
    private const double SecondsPerYear = 365.0 * 24 * 3600;

    /// <summary>What happens to a tenant in a year: it lives for three years, is backed up every night, and is changed now and then.</summary>
    public static IReadOnlyList<Job> Jobs { get; } =
    [
        JobOf("provision", 1.0 / 3, 14),
        JobOf("first backup", 1.0 / 3, 3),
        JobOf("destroy", 1.0 / 3, 11),
        JobOf("backup of a night", 365, 3),
        JobOf("domain", 1, 8),
        JobOf("backup asked for, trial or restore", 2, 6),
        JobOf("credentials", 1, 3),
    ];

    public static Year Of(int tenants, RunCost cost)
    {
        double Sum(Func<Job, double> perRun) => tenants * Jobs.Sum(j => j.PerYear * perRun(j));
        var nightly = Jobs.Single(j => j.PerYear >= 365);
        return new Year(
            tenants,
            Sum(_ => 1),
            Sum(j => j.Rows),
            Sum(cost.BytesOf) / 1e9,
            Sum(cost.LogBytesOf) / 1e9,
            Sum(cost.CommitsOf) / SecondsPerYear,
            tenants * nightly.Activities / (NightHours * 3600));
    }

    /// <summary>Tenants whose nightly backups' orchestration takes all that a hub was measured to carry; their dumps end far below it.</summary>
    public static double MostTenants(double activitiesPerSecond) =>
        activitiesPerSecond * NightHours * 3600 / Jobs.Single(j => j.PerYear >= 365).Activities;

    private static Job JobOf(string name, double perYear, int activities) => new(name, perYear, activities, Rows: activities + 2);
}
