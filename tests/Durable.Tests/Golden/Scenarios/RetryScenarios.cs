using System.Text.Json.Nodes;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Retry policies.</summary>
internal static class RetryScenarios
{
    private const string NoTrailingTimer = "a timer of no delay after the last attempt is not needed: the error surfaces in the turn that brings it";

    public static IEnumerable<Scenario> All =>
    [
        Retry("retry-succeeds-third", succeedsOn: 3, new RetryPolicy(5, Milliseconds(20))),
        Retry("retry-backoff-max-interval", succeedsOn: 5, new RetryPolicy(6, Milliseconds(20), 2, Milliseconds(50))),
        Retry("retry-exhausted-caught", succeedsOn: 99, new RetryPolicy(2, Milliseconds(20))).Differs(NoTrailingTimer, WithoutTrailingTimer),
        Retry("retry-single-attempt", succeedsOn: 99, new RetryPolicy(1, Milliseconds(20))).Differs(NoTrailingTimer, WithoutTrailingTimer),
        Retry("retry-handler-refuses", succeedsOn: 99, new RetryPolicy(5, Milliseconds(20)) { HandleFailure = failure => failure.ErrorMessage == "attempt 1" }),
        Retry("retry-timeout-stops", succeedsOn: 99, new RetryPolicy(10, Milliseconds(300), retryTimeout: Milliseconds(450))),
    ];

    private static Scenario Retry(string name, int succeedsOn, RetryPolicy policy) => new(name, async run =>
    {
        run.Flaky(succeedsOn).Main(async context =>
        {
            try
            {
                return await context.CallActivityAsync<string>("Flaky", Array.Empty<object>(), new TaskOptions { Retry = policy });
            }
            catch (TaskFailedException failure)
            {
                return $"caught: {failure.FailureDetails.ErrorMessage}";
            }
        });
        // Only timers move the orchestrators' clock on, so that a slow machine does not use the retry timeout up.
        run.WorkerTime = new StandingClock();
        await run.StartAsync();
        await run.EndAsync();
        run.Observed["activityInvocations"] = run.Runs("Flaky");
    });

    private static TimeSpan Milliseconds(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static void WithoutTrailingTimer(JsonObject expected)
    {
        var lines = expected.Lines();
        var timer = Enumerable.Range(0, lines.Count).Last(i => (string?)lines[i]!["eventType"] == "TimerCreated");
        Assert.Equal(0.0, (double)lines[timer]!["delayMs"]!);
        // The timer, the end of its turn, and the beginning of the turn that it opens.
        for (var i = 0; i < 4; i++)
        {
            lines.RemoveAt(timer);
        }

        expected.Completed()["eventId"] = (int)expected.Completed()["eventId"]! - 1;
    }
}
