using System.Text.Json.Nodes;
using Bibind.Testing;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>What a failing or missing activity does to its caller.</summary>
internal static class ActivityFailures
{
    // Where the vector reads the exception's message we read the failure's: our wrapper's own message names the task.
    private static string Message(TaskFailedException failure) => failure.FailureDetails.ErrorMessage;

    public static IEnumerable<Scenario> All =>
    [
        new("activity-throws-caught", async run =>
        {
            run.Main(async context =>
            {
                string caught;
                try
                {
                    await context.CallAsync("Fail");
                    return null;
                }
                catch (TaskFailedException failure)
                {
                    caught = $"{Message(failure)}|{failure.FailureDetails.ErrorType}|{failure.FailureDetails.ErrorMessage}";
                }

                return $"{caught}|{await context.CallAsync("Hello", "after")}";
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("activity-throws-empty-message", async run =>
        {
            run.Activity("Empty", _ => throw new InvalidOperationException(string.Empty)).Main(async context =>
            {
                try
                {
                    return await context.CallAsync("Empty");
                }
                catch (TaskFailedException failure)
                {
                    return $"[{Message(failure)}]";
                }
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new Scenario("activity-throws-uncaught", async run =>
            {
                run.Main(async context =>
                {
                    await context.CallAsync("Fail");
                    return "never";
                });
                await run.StartAsync();
                await run.EndAsync();
            })
            .Differs("the activity's own type and nesting stay reachable below the wrapper", expected =>
            {
                JsonObject Failure() => Expectations.Failure(
                    typeof(TaskFailedException).FullName!,
                    "Task 'Fail' (#0) failed with an unhandled exception: boom",
                    inner: Expectations.Failure("System.InvalidOperationException", "boom"));
                expected.Outcome()["failureDetails"] = Failure();
                expected.Outcome()["output"] = "Microsoft.DurableTask.TaskFailedException: Task 'Fail' (#0) failed with an unhandled exception: boom";
                expected.Completed()["failureDetails"] = Failure();
            }),
        new("nested-inner-exceptions-caught", async run =>
        {
            run.Activity("Nested2", _ => throw new InvalidOperationException("outer", new ArgumentException("inner"))).Main(async context =>
            {
                try
                {
                    return await context.CallAsync("Nested2");
                }
                catch (TaskFailedException failure)
                {
                    var chain = new List<string>();
                    for (var details = failure.FailureDetails; details is not null; details = details.InnerFailure)
                    {
                        chain.Add($"{details.ErrorType}:{details.ErrorMessage}");
                    }

                    return string.Join(" > ", chain);
                }
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("orchestrator-throws-immediately", async run =>
        {
            run.Main(_ => throw new ArgumentException("bad input"));
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("compensation", async run =>
        {
            run.Activity("Book", args => $"booked {args[0]}").Activity("Cancel", args => $"cancelled {args[0]}").Main(async context =>
            {
                var done = new Stack<string>();
                try
                {
                    foreach (var thing in new[] { "car", "hotel" })
                    {
                        await context.CallAsync("Book", thing);
                        done.Push(thing);
                    }

                    await context.CallAsync("Fail");
                    return "booked";
                }
                catch (TaskFailedException)
                {
                    while (done.TryPop(out var thing))
                    {
                        await context.CallAsync("Cancel", thing);
                    }

                    return "cancelled";
                }
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("activity-not-registered", async run =>
        {
            run.Main(async context =>
            {
                try
                {
                    return await context.CallAsync("Nobody");
                }
                catch (TaskFailedException)
                {
                    return "caught";
                }
            });
            await run.StartAsync();
            await OfferedAndRefusedAsync(run);
            await run.Client.TerminateInstanceAsync(GoldenRun.Instance, "give up");
            await run.EndAsync();
        }),
        new("activity-registered-later", async run =>
        {
            run.Main(async context => await context.CallAsync("Late"));
            await run.StartAsync();
            await OfferedAndRefusedAsync(run);
            run.Activity("Late", _ => "late ok");
            await run.EndAsync();
        }),
        new("orchestrator-registered-later", async run =>
        {
            await run.StartAsync(name: "Late");
            await Eventually.TrueAsync(() => run.Hub.GivenBackInstances >= 2);
            run.Observed["statusAfter300ms"] = (await run.LookAsync()).RuntimeStatus.ToString();
            run.Orchestrator<string?>("Late", (_, _) => Task.FromResult<object?>("late ok"));
            await run.EndAsync();
        }),
    ];

    // Instead of waiting 300 ms: until a worker has offered it more than once and given it back each time.
    private static async Task OfferedAndRefusedAsync(GoldenRun run)
    {
        await run.CommittedAsync();
        await Eventually.TrueAsync(() => run.Hub.GivenBackActivities >= 2);
        run.Observed["statusAfter300ms"] = (await run.LookAsync()).RuntimeStatus.ToString();
    }
}
