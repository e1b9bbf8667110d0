using System.Globalization;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>Follows a job to its end and shows it: a live table on a terminal, a line for each finished step elsewhere.</summary>
internal sealed class JobFollower(ControlPlaneClient client, IAnsiConsole console)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

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
        while (true)
        {
            var job = await client.GetJobAsync(jobAddress, cancellationToken);
            show(job);
            if (job.HasEnded)
            {
                return job;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

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
