using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What an operator asks for.</summary>
/// <param name="Level">One of <see cref="SupportLevels"/>.</param>
/// <param name="Minutes">How long.</param>
/// <param name="Reason">Why.</param>
/// <param name="Address">Where the request comes from.</param>
public sealed record SupportRequest(string Level, int Minutes, string Reason, string? Address);

/// <summary>
/// Takes what people want of operators' accesses. The row and the orchestration are one transaction; the orchestration is told of a change after it, and sees it by itself
/// where the process dies in between.
/// </summary>
public sealed class SupportOrdering(
    CommandTransaction transactions, SupportOpening opening, SupportAccessStore store, SupportSecrets secrets, NpgsqlDataSource database, DurableTaskClient client,
    ILogger<SupportOrdering> logger)
{
    /// <summary>Asks for an access; again, for the same reason, it answers the one there is.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be had now.</exception>
    public async Task<SupportAccess> RequestAsync(Tenant tenant, SupportRequest wanted, Security.Caller caller, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(caller);
        var id = await opening.NextIdAsync(database, cancellation);
        var hash = await secrets.MakeTokenAsync(tenant.Id, id, cancellation);
        SupportAccess? opened = null;
        try
        {
            return await transactions.RunAsync(
                async work =>
                {
                    var wish = new SupportWish(id, wanted.Level, wanted.Minutes, wanted.Reason, caller.Name, caller.Id, wanted.Address, hash);
                    switch (await opening.OpenAsync(work.Connection, work.Transaction, tenant.Code, wish, work.CancellationToken))
                    {
                        case SupportResult.Opened(var access):
                            var order = new SupportAccessOrder { TenantId = access.TenantId, JobId = access.JobId, Code = access.TenantCode, AccessId = access.Id };
                            await work.StartAsync(Orchestrations.SupportAccess, order, order.JobId, JobKinds.SupportAccess, order.Code, caller.Name);
                            return opened = access;
                        case SupportResult.Done(var there, _):
                            opened = null;
                            return there;
                        case var refused:
                            throw new ProblemException(OrderProblems.Of(refused, tenant.Code));
                    }
                },
                cancellation);
        }
        finally
        {
            // No letter is written.
            if (opened is not { NeedsConsent: true })
            {
                await secrets.ForgetTokenAsync(tenant.Id, id, CancellationToken.None);
            }
        }
    }

    /// <summary>The customer consents, or refuses.</summary>
    /// <exception cref="ProblemException">404, 409 or 410: there is nothing to decide.</exception>
    public async Task<SupportAccess> DecideAsync(Tenant tenant, long id, bool isGranted, SupportDecision decision, string? customer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(decision);
        var access = await ChangeAsync(
            tenant, customer, work => opening.DecideAsync(work.Connection, work.Transaction, tenant.Id, id, isGranted, decision, work.CancellationToken), cancellation);
        await secrets.ForgetTokenAsync(tenant.Id, id, cancellation);
        Logs.SupportDecided(logger, decision.Who, isGranted, id, tenant.Code);
        return access;
    }

    /// <summary>Ends an access, or withdraws the request.</summary>
    /// <exception cref="ProblemException">404 or 409: there is nothing to end.</exception>
    public async Task<SupportAccess> RevokeAsync(Tenant tenant, long id, SupportDecision decision, string? customer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(decision);
        var access = await ChangeAsync(
            tenant, customer, work => opening.RevokeAsync(work.Connection, work.Transaction, tenant.Id, id, decision, work.CancellationToken), cancellation);
        Logs.SupportRevoked(logger, decision.Who, id, tenant.Code);
        return access;
    }

    /// <summary>Lets the orchestrations of a tenant's accesses look at once: the tenant is being removed.</summary>
    public async Task WakeAsync(string tenant, CancellationToken cancellation)
    {
        foreach (var job in await store.ListLiveJobsAsync(tenant, cancellation))
        {
            await client.RaiseEventAsync(job, SupportAccesses.SteerEvent, Unit.Value, cancellation);
        }
    }

    private async Task<SupportAccess> ChangeAsync(Tenant tenant, string? customer, Func<UnitOfWork, Task<SupportResult>> change, CancellationToken cancellation)
    {
        var access = await transactions.RunAsync(
            async work => await change(work) switch
            {
                SupportResult.Done(var done, _) when customer is null
                    || await CustomerTenants.HasJobAsync(work.Connection, work.Transaction, customer, done.JobId, work.CancellationToken) => done,
                SupportResult.Done => throw new ProblemException(ProblemFactory.NoSuchTenant),
                var refused => throw new ProblemException(OrderProblems.Of(refused, tenant.Code)),
            },
            cancellation);

        // Also where nothing changed: whoever changed it may have died before this. Where the job has ended, nobody listens.
        await client.RaiseEventAsync(access.JobId, SupportAccesses.SteerEvent, Unit.Value, cancellation);
        return access;
    }
}
