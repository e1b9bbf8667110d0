using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>Follows a job to its end and shows it: a live table on a terminal, a line for each finished step elsewhere.</summary>
/// <param name="client">Reads the job.</param>
/// <param name="console">Where it is shown.</param>
/// <param name="patience">How long nothing may change in a job before it counts as stuck; two minutes unless given.</param>
internal sealed class JobFollower(ControlPlaneClient client, IAnsiConsole console, TimeSpan? patience = null)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly TimeSpan patience = patience ?? TimeSpan.FromMinutes(2);

    /// <exception cref="LocalServerException">The job does not go on.</exception>
    public async Task<JobView> FollowAsync(string jobAddress, CancellationToken cancellationToken)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Out.IsTerminal)
        {
            var shown = new HashSet<string>();
            return await ReadToEndAsync(jobAddress, job => WriteNewLines(job, shown), cancellationToken);
        }

        JobView? last = null;
        await console.Live(new Table()).StartAsync(async live =>
            last = await ReadToEndAsync(jobAddress, job => live.UpdateTarget(Draw(job)), cancellationToken));
        return last!;
    }

    private async Task<JobView> ReadToEndAsync(string jobAddress, Action<JobView> show, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var progress = "";
        var sinceProgress = Stopwatch.StartNew();
        while (true)
        {
            var job = await client.GetJobAsync(jobAddress, cancellationToken);
            show(job);
            if (job.HasEnded)
            {
                return job;
            }

            var now = ProgressOf(job);
            if (now != progress)
            {
                progress = now;
                sinceProgress.Restart();
            }
            else if (sinceProgress.Elapsed > patience)
            {
                throw new LocalServerException(
                    $"The job {job.Id} is {job.State} and has not gone on for {patience.TotalSeconds:0} s; the host's log may say why.");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static string ProgressOf(JobView job) =>
        $"{job.State} {string.Join(' ', job.Steps.Select(step => $"{step.Name}/{step.State}/{step.Attempts}"))}";

    private void WriteNewLines(JobView job, HashSet<string> shown)
    {
        foreach (var step in job.Steps)
        {
            // A step that is tried again is worth a line for every attempt that failed.
            if ((step.HasEnded || step.State == "waiting-retry") && shown.Add($"{step.Name}/{step.StartedAt:O}/{step.Attempts}/{step.State}"))
            {
                console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"  {step.Name,-34} {step.State,-14} {Time(step.DurationMs),8}{Attempts(step)}{Error(step)}"));
            }
        }
    }

    private static Table Draw(JobView job)
    {
        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{job.Id}: {job.State}"));
        table.AddColumns("step", "state", "attempts");
        table.AddColumn(new TableColumn("time").RightAligned());
        foreach (var step in job.Steps)
        {
            var colour = step.State switch { "succeeded" => "green", "failed" => "red", "waiting-retry" => "yellow", _ => "blue" };
            table.AddRow(
                Markup.Escape(step.Name + Error(step)),
                $"[{colour}]{Markup.Escape(step.State)}[/]",
                step.Attempts.ToString(CultureInfo.InvariantCulture),
                Time(step.DurationMs));
        }

        return table;
    }

    private static string Time(double? milliseconds) =>
        milliseconds is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0} ms") : "";

    private static string Attempts(JobStep step) => step.Attempts > 1 ? $"  attempt {step.Attempts}" : "";

    private static string Error(JobStep step) => step.Error is null ? "" : $"  {step.Error}";
}
