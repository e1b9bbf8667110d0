using System.Text.Json.Nodes;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Sub-orchestrations and tags.</summary>
internal static class Children
{
    public static IEnumerable<Scenario> All =>
    [
        new("sub-success", async run =>
        {
            run.Orchestrator<int>("Child", async (context, input) => $"{await context.CallAsync<int>("Square", input)}").Main(async context =>
            {
                await context.CallAsync("Hello", "first");
                return await context.CallSubOrchestratorAsync<string>("Child", 20);
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("sub-explicit-id", async run =>
        {
            run.Orchestrator<string>("Child", (_, input) => Task.FromResult<object?>($"child got {input}"))
                .Main(async context => await ChildAsync(context, "child-1", "x"));
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("sub-explicit-id-twice-in-sequence", async run =>
        {
            run.Orchestrator<string>("Child", (_, input) => Task.FromResult<object?>($"got {input}"))
                .Main(async context => $"{await ChildAsync(context, "child-1", "1")},{await ChildAsync(context, "child-1", "2")}");
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("sub-fanout-3", async run =>
        {
            run.Orchestrator<string>("Child", async (context, input) => await context.CallAsync("Gated", input))
                .Main(async context => string.Join(',', await Task.WhenAll(Enumerable.Range(1, 3).Select(n => ChildAsync(context, $"c{n}", $"g{n}")))));
            await run.StartAsync();
            foreach (var child in new[] { "c1", "c2", "c3" })
            {
                await run.SeenAsync<History.TaskScheduledEvent>(instanceId: child);
            }

            run.Open("g2");
            await run.SeenAsync<History.SubOrchestrationInstanceCompletedEvent>();
            run.Open("g3");
            await run.SeenAsync<History.SubOrchestrationInstanceCompletedEvent>(times: 2);
            run.Open("g1");
            await run.EndAsync();
        }),
        new("sub-failure-caught", async run =>
        {
            run.Orchestrator<string?>("Child", (_, _) => throw new InvalidOperationException("child-boom")).Main(async context =>
            {
                try
                {
                    return await ChildAsync(context, "child-1", null);
                }
                catch (TaskFailedException failure)
                {
                    return $"{failure.FailureDetails.ErrorMessage}|{failure.FailureDetails.ErrorType}|{failure.FailureDetails.ErrorMessage}";
                }
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new Scenario("sub-terminated", async run =>
            {
                run.Orchestrator<string?>("Child", async (context, _) => await context.WaitForExternalEvent<string>("never")).Main(async context =>
                {
                    try
                    {
                        return await ChildAsync(context, "child-1", null);
                    }
                    catch (TaskFailedException failure)
                    {
                        return $"caught:{failure.FailureDetails.ErrorMessage}|failureDetails={failure.FailureDetails.ErrorType}";
                    }
                });
                await run.StartAsync();
                await run.CommittedAsync(1, "child-1");
                await run.Client.TerminateInstanceAsync("child-1", "stop it");
                await run.EndAsync();
            })
            .Differs("a terminated child has failure details that say so", expected =>
            {
                var type = $"{nameof(Bibind)}.{nameof(Durable)}.OrchestrationTerminated";
                var failed = expected.Lines().Select(l => l!.AsObject()).Single(l => (string?)l["eventType"] == "SubOrchestrationInstanceFailed");
                failed["failureDetails"] = Expectations.Failure(type, "stop it", hasStack: false);
                expected.Outcome()["output"] = $"\"caught:stop it|failureDetails={type}\"";
                expected.Completed()["result"] = $"\"caught:stop it|failureDetails={type}\"";
            }),
        new("tags", async run =>
        {
            run.Orchestrator<string?>("Child", (_, _) => Task.FromResult<object?>("child")).Main(async context =>
            {
                await context.CallActivityAsync<string>(
                    "Hello", new[] { "t" }, new TaskOptions { Tags = new Dictionary<string, string> { ["step"] = "one" } });
                return await ChildAsync(context, "c1", null);
            });
            await run.StartAsync(tags: new Dictionary<string, string> { ["team"] = "red" });
            await run.EndAsync();
        }),
        new("terminate-parent-child-continues", async run =>
        {
            run.Orchestrator<string?>("Child", async (context, _) => await context.CallAsync("Gated", "g"))
                .Main(async context => await ChildAsync(context, "child-1", null));
            await run.StartAsync();
            await run.SeenAsync<History.TaskScheduledEvent>(instanceId: "child-1");
            await run.Client.TerminateInstanceAsync(GoldenRun.Instance, "parent stop");
            await run.EndAsync();
            run.Open("g");
            await run.EndAsync("child-1");
            // Its answer went to an ended instance: that history is compared and has no line of it.
            run.Observed["droppedMessages"] = new JsonArray("i1: SubOrchestrationInstanceCompleted(taskScheduledId=0)");
        }),
    ];

    private static Task<string> ChildAsync(TaskOrchestrationContext context, string id, string? input) =>
        context.CallSubOrchestratorAsync<string>("Child", input, new SubOrchestrationOptions { InstanceId = id });
}
