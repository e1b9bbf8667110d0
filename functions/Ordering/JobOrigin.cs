using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>The job whose order is made again, and who wants it.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Action"><see cref="JobActionKinds.Retry"/> or <see cref="JobActionKinds.Again"/>.</param>
/// <param name="Who">The caller.</param>
/// <param name="Reason">Why, if they say so.</param>
public sealed record JobOrigin(string JobId, string Action, string Who, string? Reason);

/// <summary>Orders as they are kept with their jobs.</summary>
internal static class KeptOrders
{
    /// <summary>The order that a call made. A customer's own token says who they are; whoever makes the order again has to say it.</summary>
    public static JobOrder Of(CommandRequest request)
    {
        var command = request.Command is null ? null : JsonSerializer.SerializeToNode(request.Command, ApiJson.Options) as JsonObject;
        if (request.Customer is { } customer && command is not null)
        {
            if (request.Operation == "POST /api/tenants")
            {
                command["customer"] = customer;
            }
            else if (command["newTenant"] is JsonObject newTenant)
            {
                newTenant["customer"] = customer;
            }
        }

        return new JobOrder { Operation = request.Operation, Command = command?.ToJsonString(ApiJson.Options) };
    }

    /// <summary>The call that would have ordered a tenant, which a webhook or a message of billing did.</summary>
    public static JobOrder Of(TenantOrder order) => new()
    {
        Operation = "POST /api/tenants",
        Command = JsonSerializer.Serialize(
            new
            {
                order.Code,
                order.Name,
                order.Customer,
                order.CustomerName,
                order.CustomerEmail,
                order.Offer,
                order.Plan,
                order.Template,
                order.Locale,
                order.Region,
                Labels = order.Labels.Count == 0 ? null : order.Labels,
                order.Size,
                order.MaxUsers,
                order.MaxStorageBytes,
                order.CallbackUrl,
            },
            ApiJson.Options),
    };

    /// <summary>The call that would order again what nobody ordered by the API; null if there is none.</summary>
    public static JobOrder? Of(Job job) => job switch
    {
        { TenantCode: null } => null,
        { Kind: JobKinds.Backup or JobKinds.FirstBackup } => new JobOrder { Operation = $"POST /api/tenants/{job.TenantCode}/backups" },
        { Kind: JobKinds.VerifyBackup } => new JobOrder { Operation = $"POST /api/backups/{job.Subject}/verify" },
        { Kind: JobKinds.Destroy } => new JobOrder { Operation = $"DELETE /api/tenants/{job.TenantCode}" },
        { Kind: JobKinds.ResetCredentials } => new JobOrder { Operation = $"POST /api/tenants/{job.TenantCode}/credentials/reset" },
        { Kind: JobKinds.RemoveDomain } => new JobOrder { Operation = $"DELETE /api/tenants/{job.TenantCode}/domains/{job.Subject}" },
        _ => null,
    };
}
