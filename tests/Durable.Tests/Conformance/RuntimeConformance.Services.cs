using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Durable.Tests.Conformance;

public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task What_an_attempt_is_given_ends_with_the_attempt()
    {
        await using var runtime = await CreateAsync();
        var leases = new List<Owned>();
        await using var services = new ServiceCollection().AddScoped<Owned>().BuildServiceProvider(validateScopes: true);
        runtime.Registry.AddActivity("Use", provider => new Use(provider.GetRequiredService<Owned>(), leases));
        runtime.Orchestrator<string?, int>("Main", async (context, _) =>
        {
            await context.CallActivityAsync<bool>("Use", null, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromMilliseconds(5)) });
            return 0;
        });
        runtime.StartWorker(services: services);

        await runtime.RunAsync("Main");

        Assert.Equal(2, leases.Distinct().Count());
        Assert.Equal([false, false], leases.Select(l => l.WasDisposedInUse));
        Assert.All(leases, l => Assert.True(l.IsDisposed));
    }

    private sealed class Use(Owned owned, List<Owned> leases) : TaskActivity<string?, bool>
    {
        public override async Task<bool> RunAsync(TaskActivityContext context, string? input)
        {
            leases.Add(owned);
            await Task.Delay(20);
            owned.WasDisposedInUse = owned.IsDisposed;
            return leases.Count == 1 ? throw new InvalidOperationException("once more") : true;
        }
    }

    private sealed class Owned : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public bool WasDisposedInUse { get; set; }

        public void Dispose() => IsDisposed = true;
    }
}
