using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Bibind.Functions.Http;
using Microsoft.DurableTask;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Steps as they are read out of histories.</summary>
public sealed class JobStepsTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 10, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_step_without_an_outcome_is_running()
    {
        var step = Assert.Single(JobSteps.Read([Scheduled(0, 0)], ended: false, At(50)));
        Assert.Equal(("running", 1, 50L, null), (step.State, step.Attempts, step.DurationMs, step.Error));
        Assert.Null(step.CompletedAt);
    }

    [Fact]
    public void Attempts_of_one_call_are_one_step_with_the_last_error()
    {
        var step = Assert.Single(JobSteps.Read(
            [
                Scheduled(0, 0), Failed(0, 10, "first"), Timer(1, 10), Turn(10), Fired(1, 20),
                Scheduled(2, 20, first: 0), Failed(2, 30, "second"), Timer(3, 30), Turn(30), Fired(3, 40),
                Scheduled(4, 40, first: 0), Completed(4, 55),
            ],
            ended: false, At(100)));
        Assert.Equal(("succeeded", 3, 55L, "second"), (step.State, step.Attempts, step.DurationMs, step.Error));
    }

    [Fact]
    public void A_failed_attempt_whose_timer_has_not_fired_waits_for_its_retry()
    {
        var step = Assert.Single(JobSteps.Read([Scheduled(0, 0), Failed(0, 10, "away"), Timer(1, 10), Turn(10)], ended: false, At(20)));
        Assert.Equal(("waiting-retry", "away"), (step.State, step.Error));
        Assert.Null(step.CompletedAt);
    }

    [Fact]
    public void A_failed_attempt_without_a_timer_has_failed()
    {
        var step = Assert.Single(JobSteps.Read([Scheduled(0, 0), Failed(0, 10, "no"), Turn(10)], ended: false, At(20)));
        Assert.Equal(("failed", 10L), (step.State, step.DurationMs));
    }

    [Fact]
    public void A_permanent_failure_does_not_wait_for_the_timer_of_another_step()
    {
        var steps = JobSteps.Read(
            [Scheduled(0, 0), Scheduled(1, 0), Failed(0, 10, "for good", permanent: true), Failed(1, 10, "away"), Timer(2, 10), Turn(10)], ended: false, At(20));
        Assert.Equal(["failed", "waiting-retry"], steps.Select(s => s.State));
    }

    [Fact]
    public void A_step_that_failed_for_the_last_time_does_not_wait_for_the_timer_of_another()
    {
        var steps = JobSteps.Read(
            [Scheduled(0, 0), Scheduled(1, 0), Failed(0, 10, "for the last time"), Failed(1, 10, "away"), Timer(2, 10) with { RetryOf = 1 }, Turn(10)], ended: false, At(20));
        Assert.Equal(["failed", "waiting-retry"], steps.Select(s => s.State));
    }

    [Fact]
    public void A_step_whose_next_attempt_was_given_up_has_failed_with_its_last_error()
    {
        var fired = JobSteps.Read(
            [Scheduled(0, 0), Failed(0, 10, "away"), Timer(1, 10) with { RetryOf = 0 }, Turn(10), Fired(1, 15) with { GivesUp = true }, Turn(15)], ended: false, At(20));
        var timers = HubDataConverter.Default.Serialize(new WaitingTimer[] { new(1, At(20)) });
        var told = JobSteps.Read(
            [
                Scheduled(0, 0), Failed(0, 10, "away"), Timer(1, 10), Turn(10),
                new EventRaisedEvent { Name = WaitingTimer.GiveUpEvent, Input = timers, Timestamp = At(15) }, Turn(15),
            ],
            ended: false, At(20));
        Assert.All([fired, told], steps => Assert.Equal(("failed", "away"), (Assert.Single(steps).State, steps[0].Error)));
    }

    [Fact]
    public void A_step_that_was_open_when_the_job_ended_has_failed()
    {
        var step = Assert.Single(JobSteps.Read([Scheduled(0, 0)], ended: true, At(500)));
        Assert.Equal(("failed", 0L, "The job ended before this step did."), (step.State, step.DurationMs, step.Error));
    }

    [Fact]
    public void Only_the_first_outcome_of_an_attempt_counts()
    {
        var step = Assert.Single(JobSteps.Read([Scheduled(0, 0), Completed(0, 10), Completed(0, 90), Failed(0, 95, "late")], ended: true, At(100)));
        Assert.Equal(("succeeded", 10L, null), (step.State, step.DurationMs, step.Error));
    }

    [Fact]
    public void Steps_stand_in_the_order_of_their_first_attempts()
    {
        var steps = JobSteps.Read([Scheduled(0, 0, name: "a"), Scheduled(1, 0, name: "b"), Failed(0, 1, "x"), Scheduled(3, 2, first: 0, name: "a")], ended: false, At(5));
        Assert.Equal(["a", "b"], steps.Select(s => s.Name));
    }

    [Fact]
    public void A_long_error_is_cut_but_never_inside_a_character()
    {
        var text = new string('x', JobSteps.ErrorLimit - 1) + "😀 and more";
        var cut = JobSteps.Cut(text);
        Assert.Equal(new string('x', JobSteps.ErrorLimit - 1) + "…", cut);
    }

    private static DateTime At(int milliseconds) => Start.AddMilliseconds(milliseconds);

    private static TaskScheduledEvent Scheduled(int id, int at, int? first = null, string name = "database.clone") =>
        new() { EventId = id, Timestamp = At(at), Name = name, FirstAttemptId = first };

    private static TaskCompletedEvent Completed(int scheduled, int at) => new() { TaskScheduledId = scheduled, Timestamp = At(at) };

    private static TaskFailedEvent Failed(int scheduled, int at, string reason, bool permanent = false) =>
        new() { TaskScheduledId = scheduled, Timestamp = At(at), FailureDetails = TaskFailureDetails.Create("X", reason, isNonRetriable: permanent) };

    private static TimerCreatedEvent Timer(int id, int at) => new() { EventId = id, Timestamp = At(at), FireAt = At(at + 10) };

    private static TimerFiredEvent Fired(int id, int at) => new() { TimerId = id, Timestamp = At(at), FireAt = At(at) };

    private static OrchestratorCompletedEvent Turn(int at) => new() { Timestamp = At(at) };
}
