namespace Bibind.Activities.Credentials;

/// <summary>Settings <c>Credentials:*</c>.</summary>
public sealed class CredentialsOptions
{
    public const string Section = "Credentials";

    /// <summary>How many hashed passwords are kept ready in memory; 0 computes each when it is needed, with fewer rounds.</summary>
    public int PoolSize { get; set; } = 32;
}
