namespace Bibind.Activities.Dns;

/// <summary>Knows when a host name of ours can be reached by others.</summary>
public interface IHostReadiness
{
    /// <summary>True if the name is in the zone that we keep; names of customers' own are not.</summary>
    bool IsInZone(string host);

    /// <summary>Waits until the authoritative servers have an address for the name; at once if the name is in no zone that we keep.</summary>
    /// <exception cref="TransientFailureException">They have none within the limit.</exception>
    Task WaitUntilPointsAsync(string host, CancellationToken cancellationToken);
}
