namespace Bibind.Activities.Dns;

/// <summary>Puts the TXT records of DNS-01 challenges into the zone; several values may stand at one name.</summary>
public interface IDnsChallenges
{
    /// <summary>Adds a value and waits until the authoritative servers answer it; succeeds when it is there already.</summary>
    /// <param name="fqdn">Such as <c>_acme-challenge.example.com</c>.</param>
    Task PresentAsync(string fqdn, string value, CancellationToken cancellationToken);

    /// <summary>Removes a value; succeeds when it is not there.</summary>
    Task RemoveAsync(string fqdn, string value, CancellationToken cancellationToken);

    /// <summary>Removes every value of ours at the name; succeeds when there is none, or when the name is in no zone that we keep.</summary>
    Task ClearAsync(string fqdn, CancellationToken cancellationToken);

    /// <summary>True if a value of ours stands at the name, as the provider answers now.</summary>
    Task<bool> IsPresentedAsync(string fqdn, CancellationToken cancellationToken);
}
