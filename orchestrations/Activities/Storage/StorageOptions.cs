namespace Bibind.Activities.Storage;

/// <summary>Settings <c>Storage:*</c>: which object store is used.</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>Folders of this machine.</summary>
    public const string Local = "local";

    /// <summary>A server that speaks S3.</summary>
    public const string S3 = "s3";

    /// <summary><c>local</c> or <c>s3</c>.</summary>
    public string Provider { get; set; } = Local;
}
