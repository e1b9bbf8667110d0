using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Activities in sequence and in parallel, arguments, results, statuses.</summary>
internal static class Sequences
{
    public static IEnumerable<Scenario> All =>
    [
        new("sequence-3", async run =>
        {
            run.Main(async context =>
            {
                var text = string.Empty;
                foreach (var city in new[] { "Tokyo", "Seattle", "London" })
                {
                    text += await context.CallAsync("Hello", city);
                }

                return text;
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("activity-argument-encoding", async run =>
        {
            run.Activity("Kind", args => args.Length == 0 ? "None" : args[0].ValueKind switch
                {
                    System.Text.Json.JsonValueKind.String => "String",
                    System.Text.Json.JsonValueKind.Number => "Integer",
                    System.Text.Json.JsonValueKind.Array => "Array",
                    _ => "Boolean",
                })
                .Main(async context =>
                {
                    await context.CallAsync("Kind");
                    await context.CallAsync("Kind", "s");
                    await context.CallAsync("Kind", 42);
                    await context.CallAsync("Kind", (object)new[] { 1, 2, 3 });
                    await context.CallAsync("Kind", true);
                    return "ok";
                });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("activity-large-result", async run =>
        {
            run.Activity("Large", args => new string('x', args[0].GetInt32()))
                .Main(async context => (await context.CallAsync("Large", 8192)).Length);
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("activity-null-result", async run =>
        {
            run.Activity("ReturnsNull", _ => null)
                .Main(async context => await context.CallAsync<string?>("ReturnsNull") is null ? "was-null" : "not-null");
            await run.StartAsync();
            await run.EndAsync();
        }),
        new Scenario("activity-unicode", async run =>
            {
                run.Activity("Echo", args => args[0].GetString()).Main<string>(async (context, input) => await context.CallAsync("Echo", input));
                await run.StartAsync("héllo 世界 🚀 \"quoted\" \\ back\nline\ttab \u0001");
                await run.EndAsync();
            })
            .Differs("System.Text.Json escapes characters beyond the basic plane; the JSON text is another, its value the same", expected =>
            {
                foreach (var node in expected.Lines().Select(l => l!.AsObject()).Append(expected.Outcome()))
                {
                    foreach (var name in new[] { "input", "result", "output" })
                    {
                        if ((string?)node[name] is { } text)
                        {
                            node[name] = text.Replace("🚀", "\\uD83D\\uDE80", StringComparison.Ordinal);
                        }
                    }
                }
            }),
        new("activity-version", async run =>
        {
            run.Activity("Greet", _ => "v1", "1.0").Activity("Greet", _ => "v2", "2.0").Main(async context =>
            {
                var first = await context.CallActivityAsync<string>("Greet", Array.Empty<object>(), new TaskOptions { Version = "1.0" });
                var second = await context.CallActivityAsync<string>("Greet", Array.Empty<object>(), new TaskOptions { Version = "2.0" });
                return $"{first},{second}";
            });
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("orchestrator-null-input-null-output", async run =>
        {
            run.Activity("IsNull", args => args[0].ValueKind == System.Text.Json.JsonValueKind.Null)
                .Main<string?>(async (context, input) => await context.CallAsync<bool>("IsNull", [null]) && input is null ? null : "unexpected");
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("orchestrator-returns-immediately", async run =>
        {
            run.Main<int>((_, input) => Task.FromResult<object?>(input + 1));
            await run.StartAsync(41);
            await run.EndAsync();
        }),
        new("complete-with-open-activity", async run =>
        {
            run.Main(context =>
            {
                _ = context.CallAsync("Gated", "g");
                return Task.FromResult<object?>("early");
            });
            await run.StartAsync();
            await run.CommittedAsync();
            run.Observed["statusAfterFirstEpisode"] = (await run.LookAsync()).RuntimeStatus.ToString();
            run.Open("g");
            await run.EndAsync();
        }),
        new("custom-status", async run =>
        {
            run.Main(async context =>
            {
                context.SetCustomStatus("step-1");
                await context.CallAsync("Gated", "g");
                context.SetCustomStatus("step-2");
                return "ok";
            });
            await run.StartAsync();
            await run.CommittedAsync();
            run.Observed["customStatusAfterFirstEpisode"] = (await run.LookAsync()).SerializedCustomStatus;
            run.Open("g");
            await run.EndAsync();
        }),
        new("fanout-5-sum-free", async run =>
        {
            run.Main(async context => (await Task.WhenAll(Enumerable.Range(1, 5).Select(n => context.CallAsync<int>("Square", n)))).Sum());
            await run.StartAsync();
            await run.EndAsync();
        }),
        new("fanout-5-sum-gated", async run =>
        {
            run.Activity("GatedNumber", args =>
            {
                run.Gate(args[0].ToString()).Task.Wait();
                return args[0].GetInt32() * 10;
            });
            run.Main(async context =>
            {
                var results = await Task.WhenAll(Enumerable.Range(1, 5).Select(n => context.CallAsync<int>("GatedNumber", n)));
                return $"list={string.Join(',', results)};sum={results.Sum()}";
            });
            await run.StartAsync();
            foreach (var (gate, done) in new[] { 3, 1, 5, 2, 4 }.Select((gate, index) => (gate, index + 1)))
            {
                run.Open($"{gate}");
                await run.SeenAsync<History.TaskCompletedEvent>(times: done);
            }

            await run.EndAsync();
        }),
        new("two-whenany-in-sequence", async run =>
        {
            run.Main(async context =>
            {
                var open = new List<Task<string>> { context.CallAsync("Gated", "a"), context.CallAsync("Gated", "b"), context.CallAsync("Gated", "c") };
                var first = await Task.WhenAny(open);
                open.Remove(first);
                var second = await Task.WhenAny(open);
                return $"{await first},{await second}";
            });
            await run.StartAsync();
            run.Open("c");
            await run.SeenAsync<History.TaskCompletedEvent>();
            run.Open("a");
            await run.SeenAsync<History.TaskCompletedEvent>(times: 2);
            run.Observed["statusAfterSecondCompletion"] = (await run.LookAsync()).RuntimeStatus.ToString();
            run.Open("b");
            await run.EndAsync();
        }),
        new("duplicate-completion-ignored", async run =>
        {
            run.Main(async context => $"{await context.CallAsync("Hello", "one")}|{await context.CallAsync("Gated", "g")}");
            await run.StartAsync();
            await run.SeenAsync<History.TaskScheduledEvent>(times: 2);
            await run.Hub.SendAsync(
                GoldenRun.Instance, new History.TaskCompletedEvent { TaskScheduledId = 0, Result = "\"forged\"" }, CancellationToken.None);
            await run.SeenAsync<History.TaskCompletedEvent>(e => e.Result == "\"forged\"");
            run.Open("g");
            await run.EndAsync();
        }),
        new("completion-after-finish-dropped", async run =>
        {
            run.Main(async context => await context.CallAsync("Hello", "x"));
            await run.StartAsync();
            await run.EndAsync();
            var taken = await run.Hub.SendAsync(
                GoldenRun.Instance, new History.TaskCompletedEvent { TaskScheduledId = 0, Result = "\"again\"" }, CancellationToken.None);
            run.Observed["droppedMessages"] = taken ? new System.Text.Json.Nodes.JsonArray() : ["i1: TaskCompleted(taskScheduledId=0)"];
        }),
        new("is-replaying-flag", async run =>
        {
            var log = new System.Text.Json.Nodes.JsonArray();
            run.Main(async context =>
            {
                void Point(string name) => log.Add($"{name}:{(context.IsReplaying ? "replay" : "live")}");
                Point("p0");
                await context.CallAsync("Hello", "a");
                Point("p1");
                await context.CallAsync("Hello", "b");
                Point("p2");
                return "ok";
            });
            await run.StartAsync();
            await run.EndAsync();
            run.Observed["log"] = log;
        }) { ReplaysEveryTurn = true },
    ];
}
