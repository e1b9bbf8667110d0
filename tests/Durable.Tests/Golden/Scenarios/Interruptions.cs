using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Suspend, resume, terminate.</summary>
internal static class Interruptions
{
    private const string Id = GoldenRun.Instance;

    public static IEnumerable<Scenario> All =>
    [
        new("suspend-activity-completes-resume", async run =>
        {
            run.Main(async context => $"{await context.CallAsync("Gated", "g")}|{await context.CallAsync("Hello", "next")}");
            await run.StartAsync();
            await RunningAsync(run);
            await run.Client.SuspendInstanceAsync(Id, "pause");
            await run.SeenAsync<History.ExecutionSuspendedEvent>();
            run.Open("g");
            await run.SeenAsync<History.TaskCompletedEvent>();
            run.Observed["scheduledWhileSuspended"] = run.Hub.Events(Id).OfType<History.TaskScheduledEvent>().Count();
            run.Observed["statusWhileSuspended"] = (await run.LookAsync()).RuntimeStatus.ToString();
            await run.Client.ResumeInstanceAsync(Id, "go on");
            await run.EndAsync();
        }),
        new("suspend-timer-fires-while-suspended", async run =>
        {
            run.Main(async context =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(150));
                return "fired";
            });
            // The timer fires by the orchestrators' clock, so there is time to suspend even on a slow machine.
            run.WorkerTime = new StandingClock(TimeSpan.FromSeconds(2));
            await run.StartAsync();
            await run.CommittedAsync();
            await run.Client.SuspendInstanceAsync(Id, "pause");
            await run.SeenAsync<History.TimerFiredEvent>();
            await run.Client.ResumeInstanceAsync(Id, "go on");
            await run.EndAsync();
        }),
        new("suspend-terminate", async run =>
        {
            run.Main(async context => await context.WaitForExternalEvent<string>("go"));
            await run.StartAsync();
            await run.CommittedAsync();
            await run.Client.SuspendInstanceAsync(Id, "pause");
            await run.SeenAsync<History.ExecutionSuspendedEvent>();
            await run.Client.TerminateInstanceAsync(Id, "kill");
            await run.EndAsync();
        }),
        new("resume-without-suspend", async run =>
        {
            run.Main(async context => await context.WaitForExternalEvent<string>("go"));
            await run.StartAsync();
            await run.CommittedAsync();
            await run.Client.ResumeInstanceAsync(Id, "nothing");
            await run.SeenAsync<History.ExecutionResumedEvent>();
            await run.RaiseAsync("go", "x");
            await run.EndAsync();
        }),
        new("terminate-while-waiting-event", async run =>
        {
            run.Main(async context => await context.WaitForExternalEvent<string>("never"));
            await run.StartAsync();
            await run.CommittedAsync();
            await run.Client.TerminateInstanceAsync(Id, "enough");
            await run.EndAsync();
        }),
        new("terminate-while-activity-runs", async run =>
        {
            run.Main(async context => await context.CallAsync("Gated", "g"));
            await run.StartAsync();
            await RunningAsync(run);
            await run.Client.TerminateInstanceAsync(Id, "enough");
            await run.EndAsync();
            run.Open("g");
            await Eventually.TrueAsync(() => run.Hub.AnsweredActivities == 1);
            run.Observed["droppedMessages"] = new JsonArray("i1: TaskCompleted(taskScheduledId=0)");
        }),
        new("terminate-completed-instance", async run =>
        {
            run.Main(_ => Task.FromResult<object?>("done"));
            await run.StartAsync();
            await run.EndAsync();
            var taken = await run.Hub.SendAsync(Id, new History.ExecutionTerminatedEvent { Input = "too late" }, CancellationToken.None);
            run.Observed["droppedMessages"] = taken ? new JsonArray() : ["i1: ExecutionTerminated"];
        }),
    ];

    private static Task RunningAsync(GoldenRun run) => Eventually.TrueAsync(() => run.Runs("Gated") == 1);
}
