using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;

[assembly: AssemblyFixture(typeof(Bibind.Durable.Tests.DurableCluster))]

namespace Bibind.Durable.Tests.Conformance;

public sealed class InMemoryConformance : RuntimeConformance
{
    protected override Task<TestRuntime> CreateAsync() => Task.FromResult(new TestRuntime(new InMemoryTaskHub()));
}

public sealed class PostgresConformance(DurableCluster cluster) : RuntimeConformance
{
    protected override async Task<TestRuntime> CreateAsync()
    {
        var database = await cluster.CreateDatabaseAsync();
        var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        return new TestRuntime(hub, database);
    }
}
