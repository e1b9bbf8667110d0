namespace Bibind.Activities.Certificates;

/// <summary>Our account at the certificate authority.</summary>
public interface ICertificateAccount
{
    /// <summary>The authority's name, for messages.</summary>
    string Authority { get; }

    /// <summary>
    /// Gives the account another key while hosts go on ordering with it. Whatever ends it in between, the next call, or the next order of any
    /// host, finds out which key counts.
    /// </summary>
    /// <exception cref="Durable.PermanentFailureException">The authority refuses; the key is the same as before.</exception>
    /// <exception cref="TransientFailureException">The authority cannot be reached.</exception>
    Task<AccountKeyChange> ChangeKeyAsync(CancellationToken cancellationToken);
}

/// <summary>What became of an account's key.</summary>
public enum AccountKeyChange
{
    /// <summary>It is another one now, and the former one opens nothing.</summary>
    Changed,

    /// <summary>A change that was begun earlier, and was cut short, has come to its end.</summary>
    Finished,

    /// <summary>There is no account yet; the first order makes one, with a new key.</summary>
    NoAccount,
}
