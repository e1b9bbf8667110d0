namespace Bibind.Activities.Dns;

/// <summary>Puts the TXT records of DNS-01 challenges into the zone; several values may stand at one name.</summary>
public interface IDnsChallenges
{
    /// <summary>Adds a value and waits until the authoritative servers answer it; succeeds when it is there already.</summary>
    /// <param name="fqdn">Such as <c>_acme-challenge.example.com</c>.</param>
    Task PresentAsync(string fqdn, string value, CancellationToken cancellationToken);

    /// <summary>Removes a value; succeeds when it is not there.</summary>
    Task RemoveAsync(string fqdn, string value, CancellationToken cancellationToken);
}
