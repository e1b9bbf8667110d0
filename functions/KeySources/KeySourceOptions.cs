namespace Bibind.Functions.KeySources;

/// <summary>Settings <c>Secrets:AzureKeyVault:*</c> and <c>Secrets:Aws:*</c>: how the sources of keys are reached.</summary>
public sealed class KeySourceOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Secrets";

    /// <summary>Azure Key Vault.</summary>
    public AzureKeyVaultOptions AzureKeyVault { get; set; } = new();

    /// <summary>AWS.</summary>
    public AwsKeyOptions Aws { get; set; } = new();
}

/// <summary>Settings <c>Secrets:AzureKeyVault:*</c>.</summary>
public sealed class AzureKeyVaultOptions
{
    /// <summary>The user-assigned identity, where the machine has several.</summary>
    public string? ClientId { get; set; }
}

/// <summary>Settings <c>Secrets:Aws:*</c>.</summary>
public sealed class AwsKeyOptions
{
    /// <summary>The region; <c>AWS_REGION</c> unless given.</summary>
    public string? Region { get; set; }

    /// <summary>Id of the key that signs requests; without it the machine's own role is used.</summary>
    public string? AccessKeyId { get; set; }

    /// <summary>The key that signs requests. Never logged.</summary>
    public string? SecretAccessKey { get; set; }

    /// <summary>With temporary credentials only.</summary>
    public string? SessionToken { get; set; }

    /// <summary>Address of the Key Management Service; the region's own unless given.</summary>
    public Uri? KmsUrl { get; set; }

    /// <summary>Address of Systems Manager; the region's own unless given.</summary>
    public Uri? SsmUrl { get; set; }
}
