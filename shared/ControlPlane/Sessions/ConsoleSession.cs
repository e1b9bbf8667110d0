namespace Bibind.ControlPlane.Sessions;

/// <summary>Somebody is signed in at the console; the cookie's value is nowhere.</summary>
public sealed record ConsoleSession
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>Who.</summary>
    public string Actor { get; init; } = string.Empty;

    /// <summary><c>viewer</c>, <c>manager</c> or <c>admin</c>.</summary>
    public string Role { get; init; } = string.Empty;

    /// <summary>What they signed in with: <c>api</c> (a token of the settings), <c>token</c> (one that an operator made), <c>oidc</c> or <c>local</c>.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>The operator's token that it was begun with, and ends with.</summary>
    public long? TokenId { get; init; }

    /// <summary>The label of the settings' token that it was begun with, and ends with.</summary>
    public string? TokenLabel { get; init; }

    /// <summary>Where from.</summary>
    public string? Address { get; init; }

    /// <summary>When they signed in.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last used, to the minute.</summary>
    public DateTimeOffset SeenAt { get; init; }

    /// <summary>When it ends whatever happens.</summary>
    public DateTimeOffset EndsAt { get; init; }
}

/// <summary>A session that begins.</summary>
/// <param name="Hash">Of what its cookie holds.</param>
/// <param name="Actor">Who.</param>
/// <param name="Role">Their role.</param>
/// <param name="Source">See <see cref="ConsoleSession.Source"/>.</param>
public sealed record NewConsoleSession(string Hash, string Actor, string Role, string Source)
{
    /// <inheritdoc cref="ConsoleSession.TokenId"/>
    public long? TokenId { get; init; }

    /// <inheritdoc cref="ConsoleSession.TokenLabel"/>
    public string? TokenLabel { get; init; }

    /// <inheritdoc cref="ConsoleSession.Address"/>
    public string? Address { get; init; }

    /// <summary>How long it lasts at most.</summary>
    public TimeSpan Lifetime { get; init; }
}
