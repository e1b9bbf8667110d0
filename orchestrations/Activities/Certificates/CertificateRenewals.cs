using Bibind.Activities.Locks;
using Bibind.Activities.RateLimits;
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
    ICertificateAuthority authority, CertificateStore store, CertificateRegister register, NamedLocks locks, TimeProvider time,
    ILogger<CertificateRenewals> logger) : ICertificateRenewals
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> DueAsync(int limit, CancellationToken cancellationToken) =>
        [.. (await register.DueAsync(limit, cancellationToken)).Select(c => c.Name)];

    /// <inheritdoc/>
    public Task<RenewalOutcome> RenewAsync(string name, CancellationToken cancellationToken) =>
        locks.RunAsync(NamedLocks.Certificates, name, () => RenewUnderLockAsync(name, cancellationToken), cancellationToken);

    private async Task<RenewalOutcome> RenewUnderLockAsync(string name, CancellationToken cancellationToken)
    {
        if (await register.FindAsync(name, cancellationToken) is not { } row)
        {
            return new RenewalOutcome(false, null);
        }

        if (await store.FindAsync(name, cancellationToken) is not { } held)
        {
            // A revocation that broke off before the row: nothing is left to renew.
            await register.DeleteAsync(name, cancellationToken);
            return new RenewalOutcome(false, null);
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
            var use = new CertificateFor(name, row.TenantId, [row.Host]);
            var renewed = await authority.IssueAsync(use, isOurs ? held : null, cancellationToken);
            await store.SaveAsync(use, renewed, cancellationToken);
            var lookAt = (await register.FindAsync(name, cancellationToken))?.LookAt;
            logger.CertificateIssued(row.Host, renewed.Issuer, renewed.ToTenantCertificate().NotAfter);
            return new RenewalOutcome(true, lookAt, row.TenantId);
        }
        catch (Exception failed) when (failed is PermanentFailureException or TransientFailureException or RateLimitedException)
        {
            return await PutOffAsync(row, failed, cancellationToken);
        }
    }

    private async Task<RenewalOutcome> PutOffAsync(RegisteredCertificate row, Exception failed, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var failures = row.Failures + 1;
        var lookAt = RenewalSchedule.AfterFailure(now, row.NotAfter, failures);
        if (failed is RateLimitedException { RetryAfter: { } wait } && now + wait > lookAt)
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
        catch (Exception unknown) when (unknown is TransientFailureException or RateLimitedException)
        {
            logger.NoRenewalWindow(row.Host, unknown.Message);
            return null;
        }
    }
}
