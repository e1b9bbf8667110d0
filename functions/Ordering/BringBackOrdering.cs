using Bibind.Contracts;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>
/// Brings a tenant back that was removed: its retained backup becomes a tenant of the same code, host, customer, offer, plan, limits and maintenance window, and
/// its subscription goes on where the money was.
/// </summary>
public sealed class BringBackOrdering(
    CommandTransaction transactions, EndedTenants ended, TenantStore tenants, SubscriptionViews subscriptions, TenantOrdering ordering, TimeProvider time)
{
    /// <summary>Orders it.</summary>
    /// <param name="code">The code that it had.</param>
    /// <param name="requestedBy">Who wants it.</param>
    /// <param name="request">The command.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">404 or 409: it cannot be brought back.</exception>
    public async Task<OrderResponse> BringBackAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        // Asked before the rows: by a repetition the tenant is there again.
        if (await transactions.FindAnswerAsync(request, cancellation) is { } first)
        {
            return first;
        }

        if (await tenants.FindAsync(code, cancellation) is { State: not (TenantStates.Failed or TenantStates.Terminated) } living)
        {
            throw Refused("code-taken", "The code is taken", $"There is a tenant '{code}', which is {living.State}: only one that was removed is brought back, while nobody else has its code.");
        }

        var former = await ended.FindFormerAsync(code, cancellation) ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
        if (former.Tenant.Leftovers)
        {
            throw Refused("leftovers", "Something of the tenant is still there", $"What tenant '{code}' left behind is still being removed; try again when its last destroy job has nothing left.");
        }

        if (former.BackupId is not { } backup)
        {
            throw Refused("no-backup", "There is no backup of the tenant", $"Tenant '{code}' was removed without a backup that was kept: order it anew.");
        }

        var until = former.Tenant.EndedAt?.AddDays(former.GraceDays);
        if (until is null || until < time.GetUtcNow())
        {
            throw Refused(
                "grace-over", "The tenant's grace is over",
                $"Tenant '{code}' could be brought back for the {former.GraceDays} days of its plan, until {until?.UtcDateTime:yyyy-MM-dd HH:mm} UTC. While its backup '{backup}' is kept, POST /api/backups/{backup}/restore makes a new tenant of it.");
        }

        return await ordering.RestoreNewAsync(
            OrderOf(former.Tenant, requestedBy), new BackupRef(former.Tenant.Id, backup), request, await subscriptions.FindOfAsync(former.Tenant.Id, cancellation), cancellation);
    }

    private static TenantOrder OrderOf(Tenant former, string requestedBy) => former.ToOrder(former.Code, former.Name, requestedBy) with
    {
        CallbackUrl = former.CallbackUrl,
        MaintenanceWindow = former.ReadMaintenanceWindow(),
    };

    private static ProblemException Refused(string kind, string title, string detail) => new(ProblemFactory.Conflict(kind, title, detail));
}
