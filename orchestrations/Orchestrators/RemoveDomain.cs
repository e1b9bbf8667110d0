using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Withdraws a host name of the customer's own; the tenant goes on at the platform's.</summary>
public sealed class RemoveDomain : TaskOrchestrator<DomainOrder, DomainOutcome>
{
    /// <inheritdoc/>
    public override async Task<DomainOutcome> RunAsync(TaskOrchestrationContext context, DomainOrder order)
    {
        try
        {
            // The address first: no link that is written now leads to a name that is about to go.
            var place = await context.CallActivityAsync(Domains.Locate, order);
            await context.CallActivityAsync(Application.ResetAddress, place.Platform);
            await context.CallActivityAsync(Routing.Withdraw, place.Custom);
            await context.CallActivityAsync(Certificates.Revoke, place.Custom);
            return await context.CallActivityAsync(Domains.Forget, order);
        }
        catch (TaskFailedException failure)
        {
            await context.CallActivityAsync(Domains.End, new DomainEnd(order, IsCancelled: false, failure.Reason));
            throw;
        }
    }
}
