using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>A job whose orchestration is to be started.</summary>
/// <param name="Id">Also the id of the instance.</param>
/// <param name="Kind">One of <see cref="JobKinds"/>.</param>
/// <param name="Subject">What it is about, for the log.</param>
/// <param name="RequestedBy">Who ordered it.</param>
public sealed record JobToStart(string Id, string Kind, string Subject, string RequestedBy)
{
    /// <summary>What its instance is found by, besides its kind; such as the tenant's code.</summary>
    public required KeyValuePair<string, string> Tag { get; init; }
}

/// <summary>
/// What an order does in its one transaction of the control database, which holds the task hub too: rows and orchestration are
/// there together, or neither is.
/// </summary>
public sealed class UnitOfWork(
    NpgsqlConnection connection, NpgsqlTransaction transaction, DurableTaskClient client, ILogger logger, CancellationToken cancellationToken)
{
    /// <summary>For the stores.</summary>
    public NpgsqlConnection Connection => connection;

    /// <summary>For the stores.</summary>
    public NpgsqlTransaction Transaction => transaction;

    /// <summary>Ends the work.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Starts an orchestration, which runs once the transaction is committed.</summary>
    public async Task StartAsync<TInput, TOutput>(OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, JobToStart job)
    {
        ArgumentNullException.ThrowIfNull(job);
        await client.StartJobAsync(orchestrator, input, job.Id, job.Kind, job.Tag, transaction, cancellationToken);
        Logs.Ordered(logger, job.RequestedBy, job.Id, job.Kind, job.Subject);
    }

    /// <summary>Starts the orchestration of a tenant's job.</summary>
    public Task StartAsync<TInput, TOutput>(
        OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, string jobId, string kind, string tenant, string requestedBy, string? subject = null) =>
        StartAsync(orchestrator, input, new JobToStart(jobId, kind, subject ?? tenant, requestedBy) { Tag = new("tenant", tenant) });
}
