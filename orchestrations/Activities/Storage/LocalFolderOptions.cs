namespace Bibind.Activities.Storage;

/// <summary>Settings <c>Storage:Local:*</c>.</summary>
public sealed class LocalFolderOptions
{
    public const string Section = "Storage:Local";

    /// <summary>Where the buckets lie; made when it is first needed.</summary>
    public string Folder { get; set; } = "data/objects";

    /// <summary>How many bytes all objects together may have; unlimited (the disk's size) unless given.</summary>
    public long? CapacityBytes { get; set; }
}
