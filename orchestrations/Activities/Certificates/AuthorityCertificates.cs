using Bibind.Activities.Locks;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates;

/// <summary>
/// The providers that have an authority. With <c>wildcard</c>, the platform's sub-domains share one certificate, which the
/// first that needs it obtains while the others wait; every other host name has its own.
/// </summary>
internal sealed class AuthorityCertificates(
    ICertificateAuthority authority, CertificateStore store, ChallengeProofs proofs, NamedLocks locks, IOptions<CertificateOptions> options, TimeProvider time,
    ILogger<AuthorityCertificates> logger) : ICertificateProvider, ITenantCertificates
{
    private readonly CertificateOptions _options = options.Value;

    /// <inheritdoc/>
    public async Task IssueAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var use = IsShared(place.Host) ? OfPlatform() : OwnOf(place);
        if (await FindValidAsync(use, cancellationToken) is { } valid && await store.IsCompleteAsync(use.Name, valid, cancellationToken))
        {
            return;
        }

        await locks.RunAsync(
            NamedLocks.Certificates, use.Name,
            async () =>
            {
                // Somebody may have obtained it while we waited.
                if (await FindValidAsync(use, cancellationToken) is { } held)
                {
                    await store.CompleteAsync(use, held, toPublish: false, cancellationToken);
                }
                else
                {
                    await LeaseFence.EnsureHeldAsync();
                    var certificate = await authority.IssueAsync(use, null, cancellationToken);
                    await store.SaveAsync(use, certificate, toPublish: false, cancellationToken);
                    logger.CertificateIssued(use.Host, certificate.Issuer, certificate.ToTenantCertificate().NotAfter);
                }

                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var name = CertificateNames.Of(place);
        await locks.RunAsync(
            NamedLocks.Certificates, name,
            async () =>
            {
                if (await store.FindAsync(name, cancellationToken) is { } certificate)
                {
                    if (certificate.Issuer == authority.Name)
                    {
                        await authority.RevokeAsync(certificate, RevocationReason.CessationOfOperation, cancellationToken);
                    }
                    else
                    {
                        logger.ForeignIssuer(name, certificate.Issuer);
                    }

                    logger.CertificateRevoked(place.Host);
                }

                await store.ForgetAsync(name, cancellationToken);
                await proofs.TakeAwayAsync(name, place.Host, cancellationToken);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        return store.ExistsAsync(CertificateNames.Of(place), cancellationToken);
    }

    /// <inheritdoc/>
    public bool ShowsProofs => _options.Provider is CertificateProviders.Acme or CertificateProviders.Wildcard;

    /// <inheritdoc/>
    public Task<bool> IsProofShownAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        return proofs.IsShownAsync(CertificateNames.Of(place), place.Host, cancellationToken);
    }

    /// <inheritdoc/>
    public Task SweepProofsAsync(CancellationToken cancellationToken) => proofs.SweepAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<TenantCertificate?> FindAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var held = await store.FindAsync(CertificateNames.Of(place), cancellationToken)
            ?? (IsShared(place.Host) ? await store.FindAsync(OfPlatform().Name, cancellationToken) : null);
        return held?.ToTenantCertificate();
    }

    private async Task<HeldCertificate?> FindValidAsync(CertificateFor use, CancellationToken cancellationToken) =>
        await store.FindAsync(use.Name, cancellationToken) is { } held && held.Issuer == authority.Name && held.Serves(use.Hosts, time.GetUtcNow()) ? held : null;

    // A wildcard covers one label.
    private bool IsShared(string host) =>
        _options.Provider == CertificateProviders.Wildcard
        && host.EndsWith($".{_options.PlatformDomain}", StringComparison.Ordinal)
        && !host[..^(_options.PlatformDomain.Length + 1)].Contains('.', StringComparison.Ordinal);

    private CertificateFor OfPlatform() =>
        new(CertificateNames.OfPlatform(_options.PlatformDomain), null, [$"*.{_options.PlatformDomain}"]);

    private static CertificateFor OwnOf(TenantDescriptor place) => new(CertificateNames.Of(place), place.TenantId, [place.Host]);
}
