using System.CommandLine;
using Bibind.Cli.Jobs;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind jobs</c>.</summary>
internal static class JobsCommand
{
    private static readonly Argument<string> Id = new("JOB") { Description = "The job's id." };

    private static readonly View<JobSummary> View = new(
        j => j.Id,
        new("ID", j => j.Id), new("KIND", j => j.Kind), new("SUBJECT", j => j.Subject), new("STATE", j => j.State), new("CREATED", j => Text.Time(j.CreatedAt)),
        new("TOOK", j => Text.Duration(j.DurationMs), IsNumber: true), new("REASON", j => j.Reason));

    /// <summary>One job.</summary>
    public static View<JobView> DetailsView { get; } = new(
        j => j.Id,
        new("ID", j => j.Id), new("KIND", j => j.Kind), new("SUBJECT", j => j.Subject), new("STATE", j => j.State), new("CREATED", j => Text.Time(j.CreatedAt)),
        new("ENDED", j => Text.Time(j.CompletedAt)), new("TOOK", j => Text.Duration(j.DurationMs)), new("BY", j => j.RequestedBy), new("REASON", j => j.Reason),
        new("NEXT ATTEMPT", j => Text.Time(j.NextAttemptAt)), new("RETRY OF", j => j.RetryOf), new("RETRIED BY", j => j.RetriedBy),
        new("ACTIONS", j => j.Actions is { Count: > 0 } actions ? string.Join("; ", actions.Select(a => $"{a.Action} by {a.Who}{(a.Reason is null ? "" : $": {a.Reason}")}")) : null),
        new("NOTES", j => j.Notes is { Count: > 0 } notes ? string.Join("; ", notes) : null));

    private static readonly View<JobStep> Steps = new(
        s => s.Name,
        new("STEP", s => s.Name), new("STATE", s => s.State), new("ATTEMPTS", s => Text.Number(s.Attempts), IsNumber: true), new("STARTED", s => Text.Time(s.StartedAt)),
        new("TOOK", s => Text.Duration(s.DurationMs), IsNumber: true), new("ERROR", s => s.Error));

    private static readonly View<JobsSteered> Steered = new(
        s => Text.Number(s.Accepted),
        new("MATCHED", s => Text.Number(s.Matched)), new("ACCEPTED", s => Text.Number(s.Accepted)), new("REFUSED", s => Text.Number(s.Refused.Count)));

    public static Command Define() => CommandBuilder.Group(
        "jobs", "What was ordered, how far it is, and why it failed.",
        CommandBuilder.List(
            "list", "Lists jobs, newest first.", [], ["tenant", "state", "kind", "from", "to", "text", "minDurationMs"], View,
            (call, f, page, size) => call.Api.ListJobsAsync(f["tenant"], f["state"], f["kind"], f["from"], f["to"], f["text"], f["minDurationMs"], page, size, call.CancellationToken)),
        CommandBuilder.Make("show", "Shows a job with its steps.", [Id], async call =>
        {
            var job = await call.Api.GetJobAsync(call.Get(Id), call.CancellationToken);
            await call.Writer.WriteAsync(job, DetailsView);
            if (call.Writer.Format == OutputFormat.Table)
            {
                await call.Writer.Output.WriteLineAsync();
                await call.Writer.WriteListAsync([.. job.Steps], Steps);
            }

            return ExitCodes.Done;
        }),
        CommandBuilder.Make("watch", "Follows a job to its end; how it ended is the exit code.", [Id], call => JobFollower.FollowAsync(call, call.Get(Id))),
        Steer("retry", "Lets a failed job go on from the step that failed; what had been undone is ordered again, as a new job.", followed: true,
            (api, id, why, token) => api.RetryJobAsync(id, why, token)),
        Steer("cancel", "Ends a job and undoes what it did.", followed: true, (api, id, why, token) => api.CancelJobAsync(id, why, token), Asks),
        Steer("run-now", "Lets a job wait no longer for its next attempt.", followed: true, (api, id, why, token) => api.RunJobNowAsync(id, why, token)),
        Steer("fail-now", "Does not let a job try its waiting steps again: they fail with their last errors.", followed: true, (api, id, why, token) => api.FailJobNowAsync(id, why, token), AsksToFail),
        Steer("pause", "Lets a job wait until it is resumed.", followed: false, (api, id, why, token) => api.PauseJobAsync(id, why, token)),
        Steer("resume", "Lets a paused job go on.", followed: true, (api, id, why, token) => api.ResumeJobAsync(id, why, token)),
        Bulk());

    private static Task Asks(CommandCall call) => call.ConfirmAsync($"What job {call.Get(Id)} did will be undone.", call.Get(Id));

    private static Task AsksToFail(CommandCall call) =>
        call.ConfirmAsync($"The steps of job {call.Get(Id)} that wait fail; what it did is undone, as after any failure.", call.Get(Id));

    private static Command Steer(
        string name, string description, bool followed, Func<BibindClient, string, SteerJob, CancellationToken, Task<JobSummary>> act, Func<CommandCall, Task>? ask = null) =>
        CommandBuilder.Make(name, description, [Id, Globals.Reason, .. ask is null ? [] : new Symbol[] { Globals.Yes }, .. followed ? new Symbol[] { Globals.NoWait } : []], async call =>
        {
            await (ask?.Invoke(call) ?? Task.CompletedTask);
            var job = await act(call.Api, call.Get(Id), new SteerJob { Reason = call.Get(Globals.Reason) }, call.CancellationToken);
            // What was undone is done again by another job.
            return followed ? await JobFollower.FollowOrderAsync(call, job.Id) : await ShowAsync(call, job.Id);
        });

    private static async Task<int> ShowAsync(CommandCall call, string id)
    {
        await call.Writer.WriteAsync(await call.Api.GetJobAsync(id, call.CancellationToken), DetailsView);
        return ExitCodes.Done;
    }

    private static Command Bulk()
    {
        var action = new Argument<string>("ACTION") { Description = "retry, cancel, pause, resume, run-now or fail-now." };
        action.AcceptOnlyFromAmong("retry", "cancel", "pause", "resume", "run-now", "fail-now");
        var state = new Option<string?>("--state") { Description = "Jobs in this state.", HelpName = "STATE" };
        var kind = new Option<string?>("--kind") { Description = "Jobs of this kind.", HelpName = "KIND" };
        var tenant = new Option<string?>("--tenant") { Description = "Jobs of this tenant.", HelpName = "CODE" };
        var text = new Option<string?>("--text") { Description = "In id, subject, reason or who ordered it.", HelpName = "TEXT" };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Ordered then or later.", HelpName = "TIME" };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Ordered before.", HelpName = "TIME" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only says how many jobs match." };
        return CommandBuilder.Make("bulk", "Does the same to all jobs that match, up to 1,000.", [action, state, kind, tenant, text, from, to, Globals.Reason, dryRun, Globals.Yes], async call =>
        {
            var command = new SteerJobs
            {
                Action = call.Get(action),
                Filter = new JobSelection { State = call.Get(state), Kind = call.Get(kind), Tenant = call.Get(tenant), Text = call.Get(text), From = call.Get(from), To = call.Get(to) },
                DryRun = true,
                Reason = call.Get(Globals.Reason),
            };
            var preview = await call.Api.SteerJobsAsync(command, call.CancellationToken);
            if (call.Get(dryRun) || preview.Matched == 0)
            {
                await call.Writer.WriteAsync(preview, Steered);
                return ExitCodes.Done;
            }

            await call.ConfirmAsync($"{call.Get(action)} {preview.Matched} jobs.", Text.Number(preview.Matched));
            command.DryRun = false;
            command.Expected = preview.Matched;
            var steered = await call.Api.SteerJobsAsync(command, call.CancellationToken);
            await call.Writer.WriteAsync(steered, Steered);
            foreach (var refusal in call.Writer.Format == OutputFormat.Table ? steered.Refused : [])
            {
                await call.Writer.SayAsync($"{refusal.Job}: {Text.Clean(refusal.Reason)}");
            }

            return steered.Refused.Count == 0 ? ExitCodes.Done : ExitCodes.Refused;
        });
    }
}
