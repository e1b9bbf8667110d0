namespace Bibind.Activities.FileStores;

/// <summary>Settings <c>FileStore:*</c>.</summary>
public sealed class FileStoreOptions
{
    public const string Section = "FileStore";
    public const string None = "none";
    public const string InFolder = "folder";

    /// <summary>In <see cref="Folder"/>: the code of the server that a store belongs to.</summary>
    public const string ServerPlaceholder = "{server}";

    /// <summary><c>none</c> (databases are cloned, backed up and removed without files) or <c>folder</c>.</summary>
    public string Provider { get; set; } = None;

    /// <summary>Odoo's <c>&lt;data_dir&gt;/filestore</c> as this machine sees it, <c>{server}</c> in it where there are several servers.</summary>
    public string? Folder { get; set; }

    /// <summary>The folder of a server's file stores; where a link stands for it, what the link leads to, whose owner the files get.</summary>
    internal string FolderOf(string server)
    {
        var folder = Path.GetFullPath(Folder!.Replace(ServerPlaceholder, server, StringComparison.Ordinal));
        return Directory.Exists(folder) && Directory.ResolveLinkTarget(folder, returnFinalTarget: true) is { } target ? target.FullName : folder;
    }
}
