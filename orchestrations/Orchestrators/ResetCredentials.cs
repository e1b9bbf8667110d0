using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Gives a tenant's administrator and standard user new passwords.</summary>
public sealed class ResetCredentials : TaskOrchestrator<ResetCredentialsOrder, CredentialsReset>
{
    /// <inheritdoc/>
    public override async Task<CredentialsReset> RunAsync(TaskOrchestrationContext context, ResetCredentialsOrder order)
    {
        CredentialsReset result;
        try
        {
            var place = await context.CallActivityAsync(CredentialResets.Begin, order);
            var taken = await context.CallActivityAsync(CredentialResets.Apply, place);
            await context.CallActivityAsync(CredentialResets.Complete, taken);
            result = new CredentialsReset
            {
                Code = order.Code,
                Notes = taken.HasUser ? [] : ["The application has no standard user of ours: only the administrator's password is new."],
            };
        }
        catch (TaskFailedException failure)
        {
            await context.CallActivityAsync(CredentialResets.End, new CredentialResetEnd(order.JobId, null, failure.Reason));
            throw;
        }

        await context.CallActivityAsync(CredentialResets.End, new CredentialResetEnd(order.JobId, result, null));
        return result;
    }
}
