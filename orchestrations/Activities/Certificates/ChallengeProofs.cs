using Bibind.Activities.Dns;
using Bibind.Activities.Locks;
using Bibind.ControlPlane.Certificates;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Certificates;

/// <summary>
/// Shows proofs where an authority looks and takes them away again. Each is noted before, so that one that a killed process
/// left, or that DNS was away for, is found by the next order, by the certificate's removal or by the sweep.
/// </summary>
internal sealed class ChallengeProofs(ProofLedger ledger, ChallengeStore http, IDnsChallenges dns, NamedLocks locks, ILogger<ChallengeProofs> logger)
{
    private const int AtOnce = 50;

    /// <summary>Shows the answer to a challenge.</summary>
    /// <param name="certificate">The name of the certificate that it is for; its lock is the caller's.</param>
    /// <param name="challengeType">One of <see cref="ChallengeTypes"/>.</param>
    /// <param name="host">The name that is proved.</param>
    /// <param name="token">The authority's.</param>
    /// <param name="answer">What the authority wants to find.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task ShowAsync(string certificate, string challengeType, string host, string token, string answer, CancellationToken cancellationToken)
    {
        var isDns = challengeType == ChallengeTypes.Dns;
        await ledger.NoteAsync(new ShownProof(challengeType, isDns ? DnsNameOf(host) : token, certificate), cancellationToken);
        await (isDns
            ? dns.PresentAsync(DnsNameOf(host), answer, cancellationToken)
            : http.PutAsync(token, answer, cancellationToken));
    }

    /// <summary>Takes away every proof of a certificate, those of broken attempts included; the certificate's lock is the caller's.</summary>
    public async Task TakeAwayAsync(string certificate, CancellationToken cancellationToken)
    {
        foreach (var proof in await ledger.OfAsync(certificate, cancellationToken))
        {
            await (proof.Challenge == ChallengeTypes.Dns
                ? dns.ClearAsync(proof.Place, cancellationToken)
                : http.RemoveAsync(proof.Place, cancellationToken));
            await ledger.ForgetAsync(proof, cancellationToken);
        }
    }

    /// <summary>As <see cref="TakeAwayAsync(string, CancellationToken)"/>, with a record of ours that nobody noted.</summary>
    public async Task TakeAwayAsync(string certificate, string host, CancellationToken cancellationToken)
    {
        await TakeAwayAsync(certificate, cancellationToken);
        await dns.ClearAsync(DnsNameOf(host), cancellationToken);
    }

    /// <summary>True if a proof of the certificate is outside.</summary>
    public async Task<bool> IsShownAsync(string certificate, string host, CancellationToken cancellationToken) =>
        (await ledger.OfAsync(certificate, cancellationToken)).Count > 0 || await dns.IsPresentedAsync(DnsNameOf(host), cancellationToken);

    /// <summary>Takes away what was left behind. What is being looked at by an authority at this moment is waited for.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await http.DropExpiredAsync(cancellationToken);
        foreach (var certificate in await ledger.CertificatesAsync(AtOnce, cancellationToken))
        {
            try
            {
                await locks.RunAsync(
                    NamedLocks.Certificates, certificate,
                    async () =>
                    {
                        await TakeAwayAsync(certificate, cancellationToken);
                        return true;
                    },
                    cancellationToken);
            }
            catch (ActivityFailureException failed)
            {
                logger.ChallengeLeft(certificate, failed.Message);
            }
        }
    }

    /// <summary>Where the record of a DNS-01 challenge stands; a wildcard's at the name below the star.</summary>
    public static string DnsNameOf(string host) => $"_acme-challenge.{(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host)}";
}
