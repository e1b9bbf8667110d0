using Bibind.Activities.Domains;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

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
    public Task<OrderResponse> AddAsync(string code, string name, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        var host = Check(name);
        return transactions.RunAsync(
            request,
            async work =>
            {
                var ordered = await AddWithinAsync(work, code, host, requestedBy);
                return new AcceptedOrder(JobLocation.Of(ordered.Job), ordered);
            },
            cancellation);
    }

    /// <summary>A name as it is kept.</summary>
    /// <exception cref="ProblemException">422: it is none that a tenant can have.</exception>
    public string Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var host = DomainName.Fold(name);
        return DomainName.Refusal(host, platform.Value.Domain) is { } wrong ? throw new ProblemException(ProblemFactory.Invalid("name", wrong)) : host;
    }

    /// <summary>Orders a name that was checked, in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot have the name.</exception>
    public async Task<DomainOrdered> AddWithinAsync(UnitOfWork work, string code, string host, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        var accepted = Accepted(await lifecycle.RequestAsync(work.Connection, work.Transaction, code, host, requestedBy, work.CancellationToken));
        var order = accepted.Order with { WaitLimit = options.Value.WaitLimit };
        await work.StartAsync(Orchestrations.AddDomain, order, order.JobId, JobKinds.AddDomain, order.Code, requestedBy, order.Name);
        return Ordered(accepted, records.Instruct(host, accepted.Domain.Proof, accepted.Host));
    }

    /// <summary>Orders a name's removal; a job that waits for its records gives way at once.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public async Task<OrderResponse> RemoveAsync(
        string code, string name, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        string? waiting = null;
        var answer = await transactions.RunAsync(
            request,
            async work =>
            {
                var accepted = Accepted(await lifecycle.BeginRemovingAsync(work.Connection, work.Transaction, code, name, requestedBy, work.CancellationToken));
                waiting = accepted.WaitingJobId;
                var order = accepted.Order;
                await work.StartAsync(Orchestrations.RemoveDomain, order, order.JobId, JobKinds.RemoveDomain, order.Code, requestedBy, order.Name);
                return new AcceptedOrder(JobLocation.Of(order.JobId), Ordered(accepted, null));
            },
            cancellation);
        if (waiting is not null)
        {
            await client.RaiseEventAsync(waiting, Domains.ValidateEvent, Unit.Value, cancellation);
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
            throw new ProblemException(ProblemFactory.Conflict(
                "domain-state", "The domain does not wait for its records", $"The domain '{domain.Name}' is {domain.State}; only one that is {DomainStates.WaitingForDns} is looked at."));
        }

        await client.RaiseEventAsync(domain.JobId, Domains.ValidateEvent, Unit.Value, cancellation);
        Logs.DomainLookAsked(logger, requestedBy, domain.Name);
    }

    private static DomainOrdered Ordered(DomainAccepted accepted, DomainInstructions? instructions) =>
        new(accepted.Order.Code, accepted.Domain.Name, accepted.Domain.State, accepted.Order.JobId, instructions);

    private static DomainAccepted Accepted(DomainResult result) => result switch
    {
        DomainAccepted accepted => accepted,
        DomainRefused refused => throw new ProblemException(OrderProblems.Of(refused)),
        _ => throw new InvalidOperationException($"{result.GetType().Name} is no answer to an order of a domain."),
    };
}
