namespace Bibind.WebConsole.Actions;

/// <summary>How jobs are steered.</summary>
internal static class JobActions
{
    private const string Jobs = "jobs";
    private const string Page = "/console/jobs/{id}";

    public static ConsoleAction Retry { get; } = Steer("retry", "Go on from the failed step", "rotate-clockwise", "The job goes on from the step that failed. If what it did was undone, its order is made again, as a new job.");

    public static ConsoleAction RunNow { get; } = Steer("run-now", "Run now", "player-track-next", "The waiting step is tried at once.") with { AtOnce = true };

    public static ConsoleAction FailNow { get; } = Steer("fail-now", "Fail now", "circle-x", "The waiting step is not tried again: it fails with its last error, and the job does what it does after a failure, such as undo what it did.") with { IsDangerous = true };

    public static ConsoleAction Pause { get; } = Steer("pause", "Pause", "player-pause", "No further step is begun until the job is resumed.") with { AtOnce = true };

    public static ConsoleAction Resume { get; } = Steer("resume", "Resume", "player-play", "The job goes on.") with { AtOnce = true };

    public static ConsoleAction Cancel { get; } = Steer("cancel", "Cancel", "ban", "The job ends, and what it has done is undone. The proof of what is left stays on its page.") with { IsDangerous = true };

    public static ConsoleAction Again { get; } = new(Jobs, "again", "manager", HttpMethod.Post, "/api/jobs/{id}/again", "Run again")
    {
        Explain = "A new job with the input below. The one that there is stays as it is.",
        Icon = "refresh",
        Back = Page,
        Current = "/api/jobs/{id}/input",
        Fields = [new("input", "Input", FieldKind.Json) { IsRequired = true, From = "", Help = "JSON, as the job got it; secrets are left out, and stay as they are." }, Field.Reason(isRequired: false)],
    };

    public static IReadOnlyList<ConsoleAction> All { get; } = [Retry, RunNow, FailNow, Pause, Resume, Cancel, Again];

    private static ConsoleAction Steer(string name, string button, string icon, string explain) => new(Jobs, name, "manager", HttpMethod.Post, $"/api/jobs/{{id}}/{name}", button)
    {
        Explain = explain,
        Icon = icon,
        Back = Page,
        Fields = [Field.Reason(isRequired: false)],
    };
}
