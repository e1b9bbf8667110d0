using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The tenant's TLS certificate.</summary>
public static class Certificates
{
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Issue = new("certificates.issue", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Revoke = new("certificates.revoke", Policies.Undo);

    /// <summary>Renews a certificate if its time has come; a renewal that fails is an outcome, to be tried again at its <c>LookAt</c>.</summary>
    public static readonly ActivityDefinition<CertificateToRenew, RenewalOutcome> Renew = new("certificates.renew", Policies.Act);

    /// <summary>Names of certificates to look at now, the most urgent first.</summary>
    public static readonly ActivityDefinition<Unit, DueCertificates> FindDue = new("certificates.find_due", Policies.Act);

    /// <summary>The tenants, at the host names, that a certificate is presented for.</summary>
    public static readonly ActivityDefinition<CertificateToRenew, ServedTenants> FindServed = new("certificates.find_served", Policies.Act);
}

/// <summary>Certificates to look at now.</summary>
/// <param name="Names">As the register has them.</param>
/// <param name="MayBeMore">True if the list was cut.</param>
public sealed record DueCertificates(IReadOnlyList<string> Names, bool MayBeMore);

/// <summary>Where a certificate is presented.</summary>
public sealed record ServedTenants(IReadOnlyList<TenantDescriptor> Places);

/// <summary>One round of the renewal timer.</summary>
public sealed record RenewalRound
{
    /// <summary>Certificates that were renewed and that a proxy was not given yet.</summary>
    public IReadOnlyList<string> Unpublished { get; init; } = [];
}

/// <summary>A certificate that may have to be renewed.</summary>
/// <param name="Name">As the register of certificates has it.</param>
public sealed record CertificateToRenew(string Name);

/// <summary>What became of a renewal.</summary>
/// <param name="Renewed">True if there is a new certificate, which the proxy has to be given.</param>
/// <param name="LookAt">When to look again; null if there is no such certificate any more.</param>
/// <param name="TenantId">Whose it is; null for the platform's own.</param>
/// <param name="Note">Why it failed, in words.</param>
public sealed record RenewalOutcome(bool Renewed, DateTimeOffset? LookAt, long? TenantId = null, string? Note = null);
