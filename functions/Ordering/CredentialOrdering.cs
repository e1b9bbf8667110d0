using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders of new passwords: row and orchestration in one transaction.</summary>
public sealed class CredentialOrdering(CommandTransaction transactions, TenantCredentialJobs jobs)
{
    /// <summary>Orders new passwords for a tenant's administrator and standard user.</summary>
    /// <exception cref="ProblemException">404 or 409: they cannot be set now.</exception>
    public Task<OrderResponse> ResetAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var result = await jobs.OpenAsync(work.Connection, work.Transaction, code, requestedBy, work.CancellationToken);
                if (result is not CredentialResetResult.Opened(var order, var state))
                {
                    throw new ProblemException(OrderProblems.Of(result, code));
                }

                await work.StartAsync(Orchestrations.ResetCredentials, order, order.JobId, JobKinds.ResetCredentials, order.Code, requestedBy);
                return new AcceptedOrder(JobLocation.Of(order.JobId), new TenantAccepted(order.Code, state, order.JobId));
            },
            cancellation);
}
