using Bibind.Activities.Locks;
using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Certificates;

/// <summary>
/// Renews what we hold. A failure is kept in the register with the time to try again, longer each time, so that neither
/// a retry policy nor an impatient timer uses up what the authority allows.
/// </summary>
internal sealed class CertificateRenewals(
    ICertificateAuthority authority, CertificateStore store, CertificateRegister register, CertificateHalves comparison, NamedLocks locks,
    TimeProvider time,
    ILogger<CertificateRenewals> logger) : ICertificateRenewals
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> DueAsync(int limit, CancellationToken cancellationToken)
    {
        var due = await register.DueAsync(limit, cancellationToken);
        var halves = await comparison.FindAsync(limit, cancellationToken);
        return [.. halves.Concat(due.Select(c => c.Name)).Distinct().Take(limit)];
    }

    /// <inheritdoc/>
    public Task<RenewalOutcome> RenewAsync(string name, CancellationToken cancellationToken) =>
        locks.RunAsync(NamedLocks.Certificates, name, () => RenewUnderLockAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<int> ReplaceAsync(string host, CancellationToken cancellationToken)
    {
        var rows = await register.FindByHostAsync(host, cancellationToken);
        foreach (var row in rows)
        {
            await locks.RunAsync(NamedLocks.Certificates, row.Name, () => ReplaceUnderLockAsync(row, cancellationToken), cancellationToken);
        }

        return rows.Count;
    }

    // The new one is not stored before the old one is revoked: the order that it came by is, and whoever comes after a crash takes it up again.
    private async Task<bool> ReplaceUnderLockAsync(RegisteredCertificate row, CancellationToken cancellationToken)
    {
        var use = new CertificateFor(row.Name, row.TenantId, [row.Host]);
        var held = await store.FindAsync(row.Name, cancellationToken);
        if (held is not null)
        {
            // The order of the one that is to go must not be taken for that of the next.
            await store.CompleteAsync(use, held, row.ToPublish, cancellationToken);
        }

        var replacing = await authority.IssueAsync(use, null, cancellationToken);
        if (held?.Issuer == authority.Name)
        {
            await authority.RevokeAsync(held, RevocationReason.KeyCompromise, cancellationToken);
        }

        await store.SaveAsync(use, replacing, toPublish: true, cancellationToken);
        logger.CertificateReplaced(row.Host, replacing.Issuer);
        return true;
    }

    private async Task<RenewalOutcome> RenewUnderLockAsync(string name, CancellationToken cancellationToken)
    {
        var (row, held) = (await register.FindAsync(name, cancellationToken), await store.FindAsync(name, cancellationToken));
        if (held is null)
        {
            return row is null ? new RenewalOutcome(false, null) : await ReplaceLostAsync(row, cancellationToken);
        }

        if (row is null || !CertificateStore.IsOf(row, held))
        {
            // Somebody ended between the secret and the row, at the first issue or at a renewal.
            row = await CompleteAsync(name, row, held, cancellationToken);
            if (row is null)
            {
                return new RenewalOutcome(false, null);
            }
        }

        if (row.ToPublish)
        {
            return new RenewalOutcome(true, row.LookAt, row.TenantId);
        }

        var isOurs = held.Issuer == authority.Name;
        var window = isOurs ? await WindowAsync(row, held, cancellationToken) : null;
        var decision = RenewalSchedule.Decide(time.GetUtcNow(), row.NotBefore, row.NotAfter, window, name);
        if (!decision.IsDue)
        {
            await register.PutAsync(row with { LookAt = decision.LookAt }, cancellationToken);
            return new RenewalOutcome(false, decision.LookAt, row.TenantId);
        }

        try
        {
            return await IssueAsync(row, isOurs ? held : null, cancellationToken);
        }
        catch (ActivityFailureException failed)
        {
            return await PutOffAsync(row, failed, cancellationToken);
        }
    }

    private async Task<RenewalOutcome> IssueAsync(RegisteredCertificate row, HeldCertificate? replaced, CancellationToken cancellationToken)
    {
        var use = new CertificateFor(row.Name, row.TenantId, [row.Host]);
        var renewed = await authority.IssueAsync(use, replaced, cancellationToken);
        await store.SaveAsync(use, renewed, toPublish: true, cancellationToken);
        logger.CertificateIssued(row.Host, renewed.Issuer, renewed.ToTenantCertificate().NotAfter);
        return new RenewalOutcome(true, (await register.FindAsync(row.Name, cancellationToken))?.LookAt, row.TenantId);
    }

    private async Task<RegisteredCertificate?> CompleteAsync(
        string name, RegisteredCertificate? row, HeldCertificate held, CancellationToken cancellationToken)
    {
        var use = row is null ? CertificateFor.Of(name, held) : new CertificateFor(name, row.TenantId, [row.Host]);
        if (use is null)
        {
            return null;
        }

        await store.CompleteAsync(use, held, toPublish: true, cancellationToken);
        logger.CertificateCompleted(name, "secret");
        return await register.FindAsync(name, cancellationToken);
    }

    // Mostly a revocation that broke off before the row: nothing is left to renew.
    private async Task<RenewalOutcome> ReplaceLostAsync(RegisteredCertificate row, CancellationToken cancellationToken)
    {
        if (row.TenantId is { } tenant && !await comparison.IsWantedAsync(tenant, row.Host, cancellationToken))
        {
            await store.ForgetAsync(row.Name, cancellationToken);
            return new RenewalOutcome(false, null);
        }

        if (row.LookAt > time.GetUtcNow() && row.Failures > 0)
        {
            return new RenewalOutcome(false, row.LookAt, row.TenantId);
        }

        logger.CertificateLost(row.Name);
        try
        {
            return await IssueAsync(row, null, cancellationToken);
        }
        catch (ActivityFailureException failed)
        {
            return await PutOffAsync(row, failed, cancellationToken);
        }
    }

    private async Task<RenewalOutcome> PutOffAsync(RegisteredCertificate row, ActivityFailureException failed, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var failures = row.Failures + 1;
        var lookAt = RenewalSchedule.AfterFailure(now, row.NotAfter, failures);
        if (failed.RetryAfter is { } wait && now + wait > lookAt)
        {
            lookAt = now + wait;
        }

        await register.PutAsync(row with { LookAt = lookAt, Failures = failures, LastFailure = failed.Message }, cancellationToken);
        if (RenewalSchedule.IsUrgent(now, row.NotBefore, row.NotAfter))
        {
            logger.RenewalUrgent(row.Host, row.NotAfter, failures, failed.Message);
        }
        else
        {
            logger.RenewalFailed(row.Host, failures, lookAt, failed.Message);
        }

        return new RenewalOutcome(false, lookAt, row.TenantId, failed.Message);
    }

    // Without the authority's wish the certificate's life decides.
    private async Task<RenewalWindow?> WindowAsync(RegisteredCertificate row, HeldCertificate held, CancellationToken cancellationToken)
    {
        try
        {
            return await authority.RenewalWindowAsync(held, cancellationToken);
        }
        catch (TransientFailureException unknown)
        {
            logger.NoRenewalWindow(row.Host, unknown.Message);
            return null;
        }
    }
}
