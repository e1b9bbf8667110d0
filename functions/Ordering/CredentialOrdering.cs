using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders of new passwords: row and orchestration in one transaction.</summary>
public sealed class CredentialOrdering(
    CommandTransaction transactions, TenantCredentialJobs jobs, DurableTaskClient client, ILogger<CredentialOrdering> logger)
{
    /// <summary>Orders new passwords for a tenant's administrator and standard user.</summary>
    /// <exception cref="ProblemException">404 or 409: they cannot be set now.</exception>
    public Task<OrderAnswer> ResetAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var (order, state) = Require(code, await jobs.OpenAsync(connection, transaction, code, requestedBy, c));
                await client.ScheduleNewOrchestrationInstanceAsync(
                    Orchestrations.ResetCredentials,
                    order,
                    new HubStartOptions
                    {
                        InstanceId = order.JobId,
                        Transaction = transaction,
                        Tags = new Dictionary<string, string> { ["tenant"] = order.Code, ["kind"] = JobKinds.ResetCredentials },
                    },
                    c);
                Logs.Ordered(logger, requestedBy, order.JobId, JobKinds.ResetCredentials, order.Code);
                return new AcceptedOrder(JobsApi.AddressOf(order.JobId), new TenantAccepted(order.Code, state, order.JobId));
            },
            cancellation);

    private static CredentialResetResult.Opened Require(string code, CredentialResetResult result) => result switch
    {
        CredentialResetResult.Opened opened => opened,
        CredentialResetResult.NotFound => throw new ProblemException(Refusals.NotFound("There is no tenant with this code; GET /api/tenants lists them.")),
        CredentialResetResult.InTheWay(var job) => throw new ProblemException(
            Refusals.Conflict("job-running", "A job of this tenant is running", $"Job '{job}' of tenant '{code}' is in the way: wait for its end.")),
        CredentialResetResult.NotActive(var state) => throw new ProblemException(
            Refusals.Conflict("tenant-not-active", "The tenant is not active", $"Tenant '{code}' is {state}: passwords are set only where it is active.")),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };
}
