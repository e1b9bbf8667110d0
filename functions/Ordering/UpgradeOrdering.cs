using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Upgrades;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders about upgrades of tenants: rows and orchestration in one transaction.</summary>
public sealed class UpgradeOrdering(CommandTransaction transactions, UpgradeOpening opening, UpgradeLifecycle lifecycle)
{
    /// <summary>Orders the upgrade of a tenant.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be upgraded now.</exception>
    public Task<OrderResponse> UpgradeAsync(string code, UpgradeWish wish, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var result = await opening.OpenAsync(work.Connection, work.Transaction, code, wish, work.CancellationToken);
                var input = result is UpgradeResult.Opened opened ? opened.Input : throw new ProblemException(OrderProblems.Of(result));
                await work.StartAsync(Orchestrations.UpgradeTenant, input, input.JobId, JobKinds.Upgrade, input.Code, wish.RequestedBy);
                return new AcceptedOrder(JobLocation.Of(input.JobId), new TenantAccepted(input.Code, TenantStates.Active, input.JobId));
            },
            cancellation);

    /// <summary>Orders that a tenant's last upgrade is taken back.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be taken back.</exception>
    public Task<OrderResponse> RollBackAsync(string code, string who, string reason, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var result = await opening.OpenRollbackAsync(work.Connection, work.Transaction, code, who, reason, work.CancellationToken);
                var input = result is UpgradeResult.RollbackOpened opened ? opened.Input : throw new ProblemException(OrderProblems.Of(result));
                await work.StartAsync(Orchestrations.RollBackUpgrade, input, input.JobId, JobKinds.Restore, input.Code, who);
                return new AcceptedOrder(JobLocation.Of(input.JobId), new TenantAccepted(input.Code, TenantStates.Restoring, input.JobId));
            },
            cancellation);

    /// <summary>Calls a tenant's upgrade off that waits for its time.</summary>
    /// <exception cref="ProblemException">404 or 409: none waits.</exception>
    public async Task<TenantUpgrade> CancelAsync(string code, string who, CancellationToken cancellation) =>
        await transactions.RunAsync(async work =>
            await lifecycle.CancelAsync(work.Connection, work.Transaction, code, who, work.CancellationToken) switch
            {
                UpgradeResult.Cancelled cancelled => cancelled.Upgrade,
                var refused => throw new ProblemException(OrderProblems.Of(refused)),
            }, cancellation);

    /// <summary>Confirms a tenant's last upgrade.</summary>
    /// <exception cref="ProblemException">404 or 409: there is none.</exception>
    public async Task<TenantUpgrade> ConfirmAsync(string code, string who, CancellationToken cancellation) =>
        await transactions.RunAsync(async work =>
            await lifecycle.ConfirmAsync(work.Connection, work.Transaction, code, who, work.CancellationToken) switch
            {
                UpgradeResult.Confirmed confirmed => confirmed.Upgrade,
                var refused => throw new ProblemException(OrderProblems.Of(refused)),
            }, cancellation);
}
