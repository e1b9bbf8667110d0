namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>External events: buffering, order, names, timeouts.</summary>
internal static class EventScenarios
{
    public static IEnumerable<Scenario> All =>
    [
        AfterWait("event-after-wait", "go", "payload"),
        AfterWait("event-name-different-case", "GO", "x"),
        new("event-null-payload", async run =>
        {
            run.Main(async context => await context.WaitForExternalEvent<string?>("go") is null ? "null" : "value");
            await run.StartAsync();
            await run.CommittedAsync();
            await run.RaiseAsync("go", null);
            await run.EndAsync();
        }),
        new("event-before-wait-buffered", async run =>
        {
            run.Main(async context => $"{await context.CallAsync("Gated", "g")}|{await context.WaitForExternalEvent<string>("go")}");
            await run.StartAsync();
            await run.CommittedAsync();
            await run.RaiseAsync("go", "early");
            await run.CommittedAsync(2);
            run.Open("g");
            await run.EndAsync();
        }),
        new("event-never-consumed", async run =>
        {
            run.Main(async context => await context.CallAsync("Gated", "g"));
            await run.StartAsync();
            await run.CommittedAsync();
            await run.RaiseAsync("other", "x");
            await run.CommittedAsync(2);
            run.Open("g");
            await run.EndAsync();
        }),
        new("event-timeout-event-wins", async run =>
        {
            run.Main(async context =>
            {
                using var cancel = new CancellationTokenSource();
                var raised = context.WaitForExternalEvent<string>("go");
                var timer = context.CreateTimer(TimeSpan.FromSeconds(60), cancel.Token);
                if (await Task.WhenAny(raised, timer) != raised)
                {
                    return "timeout";
                }

#pragma warning disable CA1849 // A turn stays on its own thread.
                cancel.Cancel();
#pragma warning restore CA1849
                return $"event:{await raised}";
            });
            await run.StartAsync();
            await run.CommittedAsync();
            await run.RaiseAsync("go", "in-time");
            await run.EndAsync();
        }),
        new("events-same-name-fifo", async run =>
        {
            run.Main(async context =>
            {
                await context.CallAsync("Gated", "g");
                return $"{await context.WaitForExternalEvent<string>("go")},{await context.WaitForExternalEvent<string>("go")}";
            });
            await run.StartAsync();
            await run.CommittedAsync();
            await run.RaiseAsync("go", "1");
            await run.CommittedAsync(2);
            await run.RaiseAsync("go", "2");
            await run.CommittedAsync(3);
            run.Open("g");
            await run.EndAsync();
        }),
        new("events-three-in-one-episode", async run =>
        {
            run.Main(async context =>
            {
                var got = new List<string>();
                while (got.Count < 3)
                {
                    got.Add(await context.WaitForExternalEvent<string>("e"));
                }

                return string.Join(',', got);
            });
            await run.StartAsync();
            await run.CommittedAsync();
            await run.Hub.PauseAsync();
            await run.RaiseAsync("e", "1");
            await run.RaiseAsync("e", "2");
            await run.RaiseAsync("e", "3");
            run.Hub.Resume();
            await run.EndAsync();
        }),
        new("send-event-to-other-orchestration", async run =>
        {
            run.Orchestrator<string?>("Receiver", async (context, _) => await context.WaitForExternalEvent<string>("ping"))
                .Main(context =>
                {
                    context.SendEvent("i2", "ping", "hello");
                    return Task.FromResult<object?>("sent");
                });
            await run.StartAsync(name: "Receiver", instanceId: "i2");
            await run.CommittedAsync(1, "i2");
            await run.StartAsync();
            await run.EndAsync();
            await run.EndAsync("i2");
        }),
    ];

    private static Scenario AfterWait(string name, string spelling, string payload) => new(name, async run =>
    {
        run.Main(async context => await context.WaitForExternalEvent<string>("go"));
        await run.StartAsync();
        await run.CommittedAsync();
        await run.RaiseAsync(spelling, payload);
        await run.EndAsync();
    });
}
