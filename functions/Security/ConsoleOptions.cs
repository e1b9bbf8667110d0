namespace Bibind.Functions.Security;

/// <summary>How people sign in at the console.</summary>
public sealed record ConsoleOptions
{
    /// <summary>The console's account at the issuer; null if nobody signs in there.</summary>
    public OidcClientOptions? Client { get; init; }

    /// <summary>The address that people's browsers have of this host; null: the one that they ask, where that is this machine.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>True if the process listens itself, and for this machine alone.</summary>
    public bool IsOnThisMachineOnly { get; init; }

    /// <summary>True if whoever uses this machine may sign in as its operator.</summary>
    public bool LocalSignIn { get; init; }

    /// <summary>How long a session lasts at most; 5 minutes to 7 days.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>A session that nobody uses for this long is over; 5 minutes to 7 days.</summary>
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>An account at the issuer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Secret">Its secret or a reference to it; null for a public account.</param>
/// <param name="Scopes">What is asked for, separated by blanks.</param>
public sealed record OidcClientOptions(string Id, string? Secret, string Scopes)
{
    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => Id;
}
