using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Upgrades;

namespace Bibind.Functions.Ordering;

/// <summary>Which jobs can be cancelled, by what their undoing can do.</summary>
public sealed class JobCancelling(MoveLifecycle moves, UpgradeLifecycle upgrades, SupportOpening support)
{
    private static readonly Dictionary<string, string> NeverCancelled = new(StringComparer.Ordinal)
    {
        [JobKinds.Destroy] = "A removal goes on to its end: what is removed cannot be brought back half-way. Once it has ended, POST /api/tenants/{code}/bring-back makes the tenant of its last backup.",
        [JobKinds.Suspend] = "A suspension takes seconds and is not undone. Once it has ended, POST /api/tenants/{code}/resume opens the tenant again. One that waits for a server is given up by POST /api/jobs/{id}/fail-now: the tenant is as it was before.",
        [JobKinds.Resume] = "Opening a tenant takes seconds and is not undone. Once it has ended, POST /api/tenants/{code}/suspend suspends it again. One that waits for a server is given up by POST /api/jobs/{id}/fail-now: the tenant stays suspended.",
        [JobKinds.ChangePlan] = "The tenant has the plan from the order on. Order its former plan by POST /api/tenants/{code}/change-plan once the job has ended.",
        [JobKinds.ResetCredentials] = "Passwords that are being changed are not known half-way. Once it has ended, POST /api/tenants/{code}/credentials/reset makes new ones.",
        [JobKinds.AddDomain] = "A domain that is being added is withdrawn by DELETE /api/tenants/{code}/domains/{name}.",
        [JobKinds.RemoveDomain] = "The removal of a domain is not undone. Add the domain again once it has ended.",
        [JobKinds.BuyDomain] = "What a registrar was asked to sell cannot be called off.",
        [JobKinds.AdoptDatabase] = "The adoption of a database is one step, which is done or not.",
        [JobKinds.RemoveMovedCopy] = "A copy that is being removed is not brought back; nobody uses it.",
        [JobKinds.DrainServer] = "Take the mark away by POST /api/servers/{code}/undrain: moves that have begun end, no other begins.",
        [JobKinds.Rollout] = "A rollout is paused and cancelled by POST /api/rollouts/{id}/pause and …/cancel.",
        [JobKinds.CreateTemplate] = "A template is made to its end. Once it has ended, retire its version if nobody wants it. One that waits for a server is given up by POST /api/jobs/{id}/fail-now: its database is dropped.",
        [JobKinds.BuildTemplateVersion] = "A version is built to its end. Once it has ended, retire it if nobody wants it. One that waits for a server is given up by POST /api/jobs/{id}/fail-now: its database is dropped.",
        [JobKinds.PromoteTemplateVersion] = "A promotion is tried out to its end. Once it has ended, POST /api/templates/{code}/versions/{number}/rollback goes back.",
        [JobKinds.RetireTemplateVersion] = "What a retired version left is dropped to its end.",
    };

    /// <summary>
    /// Calls a job off that has not begun, in the caller's transaction; false if its orchestration has to be ended and undone.
    /// </summary>
    /// <returns>Why it cannot be cancelled; null if it can. And true if it was called off, and is closed.</returns>
    public async Task<(string? Refusal, bool IsCalledOff)> TryCallOffAsync(UnitOfWork work, Job job, string who)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(job);
        if (NeverCancelled.TryGetValue(job.Kind, out var never))
        {
            return (never, false);
        }

        return job.Kind switch
        {
            JobKinds.Move => await TryMoveAsync(work, job, who),
            JobKinds.Upgrade => await TryUpgradeAsync(work, job, who),
            JobKinds.SupportAccess => await RevokeAsync(work, job, who),
            JobKinds.Restore when await UpgradeStore.IsRollbackAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken) =>
                ("An upgrade that is being taken back is taken back to its end.", false),
            _ => (null, false),
        };
    }

    // From here on nobody is shown its credentials; the account is removed by its undoing.
    private async Task<(string? Refusal, bool IsCalledOff)> RevokeAsync(UnitOfWork work, Job job, string who)
    {
        await support.RevokeAsync(work.Connection, work.Transaction, job.Id, new SupportDecision(who, "The job was cancelled."), work.CancellationToken);
        return (null, false);
    }

    private async Task<(string? Refusal, bool IsCalledOff)> TryMoveAsync(UnitOfWork work, Job job, string who)
    {
        var (move, isSwitched) = await MoveStore.FindStandingAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken);
        if (move is { State: MoveStates.Scheduled })
        {
            return await moves.CancelAsync(work.Connection, work.Transaction, move.Id, who, work.CancellationToken) is MoveResult.Opened
                ? (null, true)
                : ("The move is beginning at this moment: cancel it again.", false);
        }

        return (isSwitched ? "The tenant is on its new server already, and may have been written to there: the move ends by itself. Move it back once it has." : null, false);
    }

    private async Task<(string? Refusal, bool IsCalledOff)> TryUpgradeAsync(UnitOfWork work, Job job, string who)
    {
        var upgrade = await UpgradeStore.FindByJobAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken);
        if (upgrade is null)
        {
            return ("The upgrade is beginning at this moment: cancel it again.", false);
        }

        if (upgrade.Rollout is { } rollout)
        {
            return ($"The upgrade is part of rollout '{rollout}': skip or hold the tenant there.", false);
        }

        return upgrade.State switch
        {
            UpgradeStates.Waiting => await upgrades.CancelAsync(work.Connection, work.Transaction, upgrade.TenantCode, who, work.CancellationToken) switch
            {
                UpgradeResult.Cancelled => (null, true),
                UpgradeResult.WrongState wrong => (wrong.Message, false),
                _ => ("The upgrade is beginning at this moment: cancel it again.", false),
            },
            UpgradeStates.Opening => ($"The application answers with the release, and the tenant is being opened. POST /api/tenants/{job.TenantCode}/upgrade/rollback takes it back once it has.", false),
            _ => (null, false),
        };
    }
}
