using Bibind.Durable;
using Bibind.Durable.Postgres;
using Bibind.Durable.Worker;
using Microsoft.Extensions.DependencyInjection;

// A worker process that tests start, kill and start again. The connection string comes by environment, so that no
// process list shows its password.
var connection = Environment.GetEnvironmentVariable("BIBIND_WORKER_CONNECTION")
    ?? throw new InvalidOperationException("BIBIND_WORKER_CONNECTION is not set.");
await using var database = PostgresTaskHub.CreateDataSource(connection);
await using var hub = new PostgresTaskHub(database);
var registry = new TaskRegistry()
    .AddOrchestrator("Steps", _ => new Bibind.Durable.WorkerProcess.Steps())
    .AddActivity("Step", _ => new Bibind.Durable.WorkerProcess.Step(database));
await using var services = new ServiceCollection().BuildServiceProvider();
await using var worker = new TaskHubWorker(hub, registry, services, new TaskHubWorkerOptions
{
    LeaseDuration = TimeSpan.FromSeconds(1),
    PollInterval = TimeSpan.FromMilliseconds(100),
    MaxAttemptsWithoutTurn = 1000,
    MaxActivityDeliveries = 1000,
});
worker.Start();
Console.WriteLine("ready");

// Ends when the test closes our input, or kills us.
await Console.In.ReadToEndAsync();
