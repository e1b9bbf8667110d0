using Bibind.Durable.Worker;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Starting, duplicate starts, versions.</summary>
internal static class Starts
{
    private const string OurWords = "our exception says the same in its own words";

    public static IEnumerable<Scenario> All =>
    [
        new("start-with-event-same-batch", async run =>
        {
            run.Main(async context => await context.WaitForExternalEvent<string>("go"));
            await run.Hub.PauseAsync();
            await run.StartAsync();
            await run.RaiseAsync("go", "first");
            run.Hub.Resume();
            await run.EndAsync();
        }),
        new Scenario("start-duplicate-completed-default-rejected", async run =>
            {
                run.Main<string>((_, input) => Task.FromResult<object?>(input));
                await run.StartAsync("first");
                await run.EndAsync();
                run.Observed["secondStart"] = await RefusedAsync(run);
            })
            .Differs(OurWords, expected => expected.Outcome()["observed"]!["secondStart"] = "An orchestration instance 'i1' exists already and is Completed."),
        new Scenario("start-duplicate-running-rejected", async run =>
            {
                run.Main(async context => await context.WaitForExternalEvent<string>("go"));
                await run.StartAsync();
                await run.CommittedAsync();
                run.Observed["secondStart"] = await RefusedAsync(run);
                await run.RaiseAsync("go", "x");
                await run.EndAsync();
            })
            .Differs(OurWords, expected => expected.Outcome()["observed"]!["secondStart"] = "An orchestration instance 'i1' exists already and is Running."),
        new("version-two-registered", async run =>
        {
            run.Orchestrator<string?>("Main", (context, _) => Task.FromResult<object?>($"v1:{context.Version}"), "1.0")
                .Orchestrator<string?>("Main", (context, _) => Task.FromResult<object?>($"v2:{context.Version}"), "2.0");
            await run.StartAsync(version: "2.0");
            await run.StartAsync(instanceId: "i2", version: "1.0");
            await run.EndAsync();
            await run.EndAsync("i2");
        }),
        new Scenario("version-current-or-older", async run =>
            {
                run.Orchestrator<string?>("Main", (_, _) => Task.FromResult<object?>("ran 1.5"), "1.5")
                    .Orchestrator<string?>("Main", (_, _) => Task.FromResult<object?>("ran 10.0"), "10.0");
                run.ConfigureWorker = o => o.Versioning = new VersioningOptions
                {
                    Version = "2.0",
                    MatchStrategy = VersionMatchStrategy.CurrentOrOlder,
                    FailureStrategy = VersionFailureStrategy.Fail,
                };
                await run.StartAsync(version: "1.5");
                await run.EndAsync();
                await run.StartAsync(instanceId: "i2", version: "10.0");
                await run.EndAsync("i2");
            })
            .Differs("the failure names both versions", expected =>
            {
                const string Message = "The orchestration's version '10.0' is not one that this worker runs: it runs version '2.0' or older.";
                var other = expected["i2"]!.AsObject();
                other["outcome"]!["output"] = $"VersionMismatch: {Message}";
                other["outcome"]!["failureDetails"]!["errorMessage"] = Message;
                other.Completed()["failureDetails"]!["errorMessage"] = Message;
            }),
    ];

    private static async Task<string> RefusedAsync(GoldenRun run) =>
        (await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => run.StartAsync("second"))).Message;
}
