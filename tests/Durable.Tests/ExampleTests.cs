using Bibind.Durable.Postgres;
using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bibind.Durable.Tests;

/// <summary>The example of docs/durable.md, as it stands there, in a program that knows nothing of Bibind.</summary>
public sealed class ExampleTests
{
    [Fact]
    public async Task The_example_of_the_page_runs()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connectionString = database.ConnectionString;

        // example
        var builder = Host.CreateApplicationBuilder();
        builder.Services
            .AddPostgresDurableTask(connectionString, tasks => tasks
                .AddOrchestrator("Greet", _ => new Greet())
                .AddActivity("say_hello", _ => new SayHello()))
            .AddDurableTaskWorker();
        using var host = builder.Build();
        await host.StartAsync();

        var client = host.Services.GetRequiredService<DurableTaskClient>();
        var id = await client.ScheduleNewOrchestrationInstanceAsync("Greet", "Anna");
        var end = await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true);
        // end

        Assert.Equal("Hello Anna! Hello Anna again!", end.ReadOutputAs<string>());
        await host.StopAsync();
    }

    [Fact]
    public void The_page_shows_what_runs_here()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "durable.md"));
        var source = File.ReadAllLines(Path.Combine(Repository.Root, "tests", "Durable.Tests", "ExampleTests.cs"));
        var program = source.SkipWhile(l => l.Trim() != "// example").Skip(1).TakeWhile(l => l.Trim() != "// end");
        var types = source.SkipWhile(l => !l.StartsWith("    private sealed class", StringComparison.Ordinal)).TakeWhile(l => l != "}");

        Assert.All(program.Concat(types).Select(l => l.Trim()).Where(l => l.Length > 0), line => Assert.Contains(line, page, StringComparison.Ordinal));
    }

    private sealed class Greet : TaskOrchestrator<string, string>
    {
        public override async Task<string> RunAsync(TaskOrchestrationContext context, string name)
        {
            var first = await context.CallActivityAsync<string>("say_hello", name);
            await context.CreateTimer(TimeSpan.FromMilliseconds(10));
            return first + " " + await context.CallActivityAsync<string>("say_hello", $"{name} again");
        }
    }

    private sealed class SayHello : TaskActivity<string, string>
    {
        public override Task<string> RunAsync(TaskActivityContext context, string name) => Task.FromResult($"Hello {name}!");
    }
}
