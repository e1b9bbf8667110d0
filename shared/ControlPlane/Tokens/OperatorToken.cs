namespace Bibind.ControlPlane.Tokens;

/// <summary>A token that an operator made; the token itself was shown once and is nowhere.</summary>
public sealed record OperatorToken
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>Whom it belongs to, as it is recorded with what they do.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary><c>viewer</c>, <c>manager</c> or <c>admin</c>.</summary>
    public string Role { get; init; } = string.Empty;

    /// <summary>The customer whose tenants alone it reaches; null for operators.</summary>
    public string? Customer { get; init; }

    /// <summary>Its first characters.</summary>
    public string Hint { get; init; } = string.Empty;

    /// <summary>What it is for.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>By whom.</summary>
    public string CreatedBy { get; init; } = string.Empty;

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was last used, to the minute; null if it never was.</summary>
    public DateTimeOffset? UsedAt { get; init; }

    /// <summary>When it was revoked; null if it was not.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>By whom.</summary>
    public string? RevokedBy { get; init; }
}

/// <summary>A token to be made.</summary>
/// <param name="Name">Whom it belongs to.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Customer">The customer whose tenants alone it reaches.</param>
/// <param name="Reason">What it is for.</param>
/// <param name="ExpiresAt">When it ends.</param>
/// <param name="Hash">SHA-256 of the token.</param>
/// <param name="Hint">Its first characters.</param>
public sealed record NewOperatorToken(string Name, string Role, string? Customer, string? Reason, DateTimeOffset ExpiresAt, string Hash, string Hint);
