using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>Renews certificates in their time.</summary>
public interface ICertificateRenewals
{
    /// <summary>Names of certificates to look at now, the most urgent first; what a timer asks for.</summary>
    Task<IReadOnlyList<string>> DueAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Looks at a certificate and renews it if its time has come; a failure is an outcome, with the time to look again.</summary>
    Task<RenewalOutcome> RenewAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the certificate of a host by one with another key, before its time, and revokes the one that it had: somebody may have its key. The
    /// next round publishes the new one. Cut short, it is to be called again.
    /// </summary>
    /// <returns>How many certificates the host had; 0 if we hold none.</returns>
    Task<int> ReplaceAsync(string host, CancellationToken cancellationToken);
}
