namespace Bibind.Cli.Profiles;

/// <summary>An installation and how one signs in there.</summary>
internal sealed class Profile
{
    /// <summary>The API's address, such as <c>https://functions.example.com</c>.</summary>
    public string? Url { get; set; }

    /// <summary>An access token.</summary>
    public string? Token { get; set; }

    /// <summary>Gets the next access token of the issuer; null for a token that was pasted.</summary>
    public string? RefreshToken { get; set; }

    /// <summary>When the access token ends; null if nobody said.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Where a token is refreshed.</summary>
    public string? TokenEndpoint { get; set; }

    /// <summary>What the issuer knows this program as.</summary>
    public string? ClientId { get; set; }
}

/// <summary>What the file of profiles holds.</summary>
internal sealed class ProfileList
{
    /// <summary>The profile that is used unless another is named.</summary>
    public string? Current { get; set; }

    public Dictionary<string, Profile> Profiles { get; set; } = new(StringComparer.Ordinal);
}
