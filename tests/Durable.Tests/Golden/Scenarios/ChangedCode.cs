using System.Text.Json.Nodes;
using Bibind.Testing;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>The orchestrator's code is replaced while an instance runs.</summary>
internal static class ChangedCode
{
    private const string BothSides = "nothing that the new code decided is committed or started, and the failure names both sides";

    public static IEnumerable<Scenario> All =>
    [
        Replaced(
                "nondeterminism-different-activity",
                async context => await context.CallAsync("Gated", "g"),
                async context => await context.CallAsync("Hello", "g"),
                run => run.Observed["helloInvocations"] = run.Runs("Hello"))
            .Differs(BothSides, expected =>
            {
                Refused(expected, 0, "an activity task named 'Gated'", "decides an activity task named 'Hello'", endsAs: 1);
                expected.Outcome()["observed"]!["helloInvocations"] = 0;
            }),
        Replaced(
                "nondeterminism-caught-by-catch-all",
                async context => await context.CallAsync("Gated", "g"),
                async context =>
                {
                    try
                    {
                        return await context.CallAsync("Hello", "g");
                    }
#pragma warning disable CA1031 // That not even this catches it is the point.
                    catch (Exception)
#pragma warning restore CA1031
                    {
                        return "swallowed";
                    }
                })
            .Differs(BothSides, expected => Refused(expected, 0, "an activity task named 'Gated'", "decides an activity task named 'Hello'", endsAs: 1)),
        Replaced(
                "nondeterminism-fewer-tasks",
                async context => await context.CallAsync("Gated", "g"),
                _ => Task.FromResult<object?>("nothing"))
            .Differs(BothSides, expected => Refused(expected, 0, "an activity task named 'Gated'", "decides nothing at that place", endsAs: 1)),
        Replaced(
            "nondeterminism-different-input-undetected",
            async context => await context.CallAsync("Gated", "g"),
            async context => $"B:{await context.CallAsync("Gated", "other")}"),
        Replaced(
            "nondeterminism-more-tasks-undetected",
            async context => await context.CallAsync("Gated", "g"),
            async context =>
            {
                var first = context.CallAsync("Gated", "g");
                var second = context.CallAsync("Hello", "extra");
                return $"{await first}|{await second}";
            }),
        Replaced(
                "nondeterminism-timer-removed",
                async context =>
                {
                    var timer = context.CreateTimer(TimeSpan.FromSeconds(60));
                    await Task.WhenAny(context.WaitForExternalEvent<string>("go"), timer);
                    return "A";
                },
                async context =>
                {
                    await context.WaitForExternalEvent<string>("go");
                    return "B";
                })
            .Differs(BothSides, expected => Refused(expected, 0, "a timer", "decides nothing at that place", endsAs: 1)),
    ];

    private static Scenario Replaced(
        string name,
        Func<TaskOrchestrationContext, Task<object?>> codeA,
        Func<TaskOrchestrationContext, Task<object?>> codeB,
        Action<GoldenRun>? observe = null) => new(name, async run =>
    {
        var code = codeA;
        run.Main(context => Volatile.Read(ref code)(context));
        await run.StartAsync();
        await run.CommittedAsync();
        var waitsForEvent = run.Hub.Events(GoldenRun.Instance).OfType<History.TimerCreatedEvent>().Any();
        await Eventually.TrueAsync(() => waitsForEvent || run.Runs("Gated") == 1);
        Volatile.Write(ref code, codeB);
        if (waitsForEvent)
        {
            await run.RaiseAsync("go", "x");
        }
        else
        {
            run.Open("g");
        }

        await run.EndAsync();
        observe?.Invoke(run);
    })
        {
            ReplaysEveryTurn = true,
        };

    private static void Refused(JsonObject expected, int id, string recorded, string now, int endsAs)
    {
        var lines = expected.Lines();
        var end = expected.Completed();
        // What the failing turn had scheduled goes: everything between the message that woke it and its end.
        for (var i = lines.IndexOf(end) - 1; (string?)lines[i]!["eventType"] is "TaskScheduled" or "TimerCreated"; i--)
        {
            lines.RemoveAt(i);
        }

        var message = $"Non-deterministic orchestration: as action #{id} the history has {recorded}, but the orchestrator's code now {now}. "
            + "Was the orchestrator changed while this instance was running? Deploy the former code to let it finish, or version the orchestrator (docs/durable.md).";
        JsonObject Failure() => Expectations.Failure(typeof(Execution.NonDeterministicOrchestrationException).FullName!, message);
        // A number of its own: none of the recorded ones is used again.
        end["eventId"] = endsAs;
        end["result"] = message;
        end["failureDetails"] = Failure();
        expected.Outcome()["output"] = $"{typeof(Execution.NonDeterministicOrchestrationException).FullName}: {message}";
        expected.Outcome()["failureDetails"] = Failure();
    }
}
