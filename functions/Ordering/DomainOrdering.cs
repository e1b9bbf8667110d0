using Bibind.Activities.Domains;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What was done about a domain.</summary>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="Name">The domain.</param>
/// <param name="State">Its state now.</param>
/// <param name="Job">The id of the job.</param>
/// <param name="Instructions">What the customer has to do; null where there is nothing.</param>
public sealed record DomainOrdered(string Tenant, string Name, string State, string Job, DomainInstructions? Instructions);

/// <summary>Takes orders about customers' own host names.</summary>
public sealed class DomainOrdering(
    CommandTransaction transactions, DomainLifecycle lifecycle, DomainRecords records, DurableTaskClient client, IOptions<PlatformOptions> platform,
    IOptions<DomainOptions> options, ILogger<DomainOrdering> logger)
{
    /// <summary>Orders a name for a tenant.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it cannot have the name.</exception>
    public Task<OrderAnswer> AddAsync(string code, string name, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(name);
        var host = DomainName.Fold(name);
        return DomainName.Refusal(host, platform.Value.Domain) is { } wrong
            ? throw new ProblemException(Refusals.Invalid("name", wrong))
            : transactions.RunAsync(
                request,
                async (connection, transaction, c) =>
                {
                    var accepted = Accepted(await lifecycle.RequestAsync(connection, transaction, code, host, requestedBy, c));
                    var order = accepted.Order with { WaitLimit = options.Value.WaitLimit };
                    await StartAsync(Orchestrations.AddDomain, order, JobKinds.AddDomain, requestedBy, transaction, c);
                    var instructions = records.Instruct(host, accepted.Domain.Proof, accepted.Host);
                    return Answer(accepted, instructions);
                },
                cancellation);
    }

    /// <summary>Orders a name's removal; a job that waits for its records gives way at once.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public async Task<OrderAnswer> RemoveAsync(
        string code, string name, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        string? waiting = null;
        var answer = await transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var accepted = Accepted(await lifecycle.BeginRemovingAsync(connection, transaction, code, name, requestedBy, c));
                waiting = accepted.WaitingJobId;
                await StartAsync(Orchestrations.RemoveDomain, accepted.Order, JobKinds.RemoveDomain, requestedBy, transaction, c);
                return Answer(accepted, null);
            },
            cancellation);
        if (waiting is not null)
        {
            await client.RaiseEventAsync(waiting, Domains.ValidateEvent, Nothing.Value, cancellation);
        }

        return answer;
    }

    /// <summary>Lets the job that waits for a name's records look at once.</summary>
    /// <exception cref="ProblemException">409: none waits.</exception>
    public async Task ValidateAsync(Domain domain, string requestedBy, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.State != DomainStates.WaitingForDns)
        {
            throw new ProblemException(Refusals.Conflict(
                "domain-state", "The domain does not wait for its records", $"The domain '{domain.Name}' is {domain.State}; only one that is {DomainStates.WaitingForDns} is looked at."));
        }

        await client.RaiseEventAsync(domain.JobId, Domains.ValidateEvent, Nothing.Value, cancellation);
        Logs.DomainLookAsked(logger, requestedBy, domain.Name);
    }

    private async Task StartAsync(
        OrchestratorDefinition<DomainOrder, DomainOutcome> orchestrator, DomainOrder order, string kind, string requestedBy, NpgsqlTransaction transaction,
        CancellationToken cancellation)
    {
        await client.ScheduleNewOrchestrationInstanceAsync(
            orchestrator, order,
            new HubStartOptions
            {
                InstanceId = order.JobId,
                Transaction = transaction,
                Tags = new Dictionary<string, string> { ["tenant"] = order.Code, ["kind"] = kind },
            },
            cancellation);
        Logs.Ordered(logger, requestedBy, order.JobId, kind, order.Name);
    }

    private static AcceptedOrder Answer(DomainAccepted accepted, DomainInstructions? instructions) => new(
        JobsApi.AddressOf(accepted.Order.JobId),
        new DomainOrdered(accepted.Order.Code, accepted.Domain.Name, accepted.Domain.State, accepted.Order.JobId, instructions));

    private static DomainAccepted Accepted(DomainResult result) => result switch
    {
        DomainAccepted accepted => accepted,
        DomainRefused { Kind: DomainRefusalKind.NoTenant or DomainRefusalKind.NoDomain } refused => throw new ProblemException(Refusals.NotFound(refused.Message)),
        DomainRefused { Kind: DomainRefusalKind.Taken } refused =>
            throw new ProblemException(Refusals.Conflict("domain-taken", "The domain is taken", refused.Message, "name")),
        DomainRefused { Kind: DomainRefusalKind.JobRunning } refused =>
            throw new ProblemException(Refusals.Conflict("job-running", "A job is at work", refused.Message)),
        DomainRefused refused => throw new ProblemException(Refusals.Conflict("tenant-state", "The tenant's state does not allow it", refused.Message)),
        _ => throw new InvalidOperationException($"{result.GetType().Name} is no answer to an order of a domain."),
    };
}
