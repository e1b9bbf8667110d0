using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>New passwords for a tenant's administrator and standard user.</summary>
public sealed record ResetCredentialsOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
}

/// <summary>Passwords that are new; they are shown once, as the first ones were.</summary>
public sealed record CredentialsReset
{
    public required string Code { get; init; }

    /// <summary>Whose password could not be set, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Whose passwords the application has taken.</summary>
/// <param name="Place">The tenant.</param>
/// <param name="HasUser">True if the standard user is there and has its new password.</param>
public sealed record PasswordsTaken(TenantDescriptor Place, bool HasUser);

/// <summary>How a reset ended: with a result, or with the reason why not.</summary>
public sealed record CredentialResetEnd(string JobId, CredentialsReset? Result, string? Reason);

/// <summary>
/// New passwords: made and kept beside those that count, given to the application, and only then those that count. Whatever ends
/// a step in between, the passwords that are shown are those that the application has, once the job has ended well.
/// </summary>
public static class CredentialResets
{
    /// <summary>Finds the place of the tenant whose open job this is, and makes the passwords that it is to have.</summary>
    public static readonly ActivityDefinition<ResetCredentialsOrder, TenantDescriptor> Begin = new("credentials.begin_reset", Policies.Act);

    /// <summary>Writes the new passwords into the application's database; sessions end by that.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, PasswordsTaken> Apply = new("application.reset_passwords", Policies.Act);

    /// <summary>The new passwords are those that count, and nobody has seen them yet.</summary>
    public static readonly ActivityDefinition<PasswordsTaken, Unit> Complete = new("credentials.complete_reset", Policies.Undo);

    /// <summary>Closes the job.</summary>
    public static readonly ActivityDefinition<CredentialResetEnd, Unit> End = new("credentials.end_reset", Policies.Undo);
}
