using System.Globalization;
using System.IO.Enumeration;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Offers;
using Bibind.Durable;

namespace Bibind.Activities.FileStores;

/// <summary>One store as folders: the one that the application reads, and those that it does not know of. No database's name begins with a dot.</summary>
internal sealed class StoreFolder
{
    /// <summary>How the folders of ready clones begin.</summary>
    public const string PoolPrefix = ".bibind-";

    /// <summary>How folders begin that are being made.</summary>
    public const string NewPrefix = ".bibind-new-";
    private const int BufferBytes = 128 * 1024;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode AllRights = (UnixFileMode)0x1ff;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly string _root;
    private readonly string _mark;
    private readonly UnixFileMode _folderMode;
    private readonly FileOwner? _owner;

    private StoreFolder(string root, string database, string suffix, string mark)
    {
        if (DatabasePattern.ProblemWith(database) is { } problem)
        {
            throw new PermanentFailureException($"There is no file store for such a name: {problem}.");
        }

        if (!Directory.Exists(root))
        {
            throw new TransientFailureException($"There is no folder '{root}' (FileStore__Folder): is it mounted?");
        }

        (_root, _mark) = (root, mark);
        // Customers' files are for the folder's owner and group, who read the databases too, whatever the folder allows to others.
        _folderMode = OperatingSystem.IsWindows() ? AllRights : File.GetUnixFileMode(root) & ~Others;
        _owner = UnixFiles.OwnerOf(root);
        Name = database;
        Final = Path.Combine(root, database);
        New = Path.Combine(root, $"{NewPrefix}{suffix}");
        Restoring = Path.Combine(root, $".bibind-restore-{suffix}");
        Ready = Path.Combine(root, $".bibind-ready-{suffix}");
        Former = Path.Combine(root, $".bibind-former-{suffix}");
    }

    /// <summary>The database's name.</summary>
    public string Name { get; }

    /// <summary>What the application reads.</summary>
    public string Final { get; private init; }

    /// <summary>A copy of the template until it is complete.</summary>
    public string New { get; }

    /// <summary>A backup until it is complete.</summary>
    public string Restoring { get; }

    /// <summary>A complete backup until it takes the name.</summary>
    public string Ready { get; }

    /// <summary>What is being replaced or removed.</summary>
    public string Former { get; }

    public static StoreFolder Of(string root, TenantDescriptor place) =>
        new(root, place.Database, string.Create(CultureInfo.InvariantCulture, $"{(place.IsRehearsal ? "rehearsal-" : string.Empty)}{place.TenantId}-{place.Code}"), LabelledDatabase.Of(place).Owner);

    /// <summary>The store of a ready clone: under a name that no application reads.</summary>
    public static StoreFolder OfPool(string root, string database) =>
        new(root, database, database, $"{PooledDatabases.LabelStart}{database}") { Final = Path.Combine(root, $"{PoolPrefix}{database}") };

    public static StoreFolder Of(string root, CreateTemplateOrder order) =>
        new(root, order.Database, FormattableString.Invariant($"template-{order.TemplateId}") + (order.Number > 1 ? FormattableString.Invariant($"-v{order.Number}") : string.Empty), LabelledDatabase.Of(order).Owner)
        {
            Staged = Path.Combine(root, LabelledDatabase.Of(order).StagingName),
        };

    /// <summary>Of a template, what the application makes under its database's staging name.</summary>
    public string Staged { get; private init; } = string.Empty;

    /// <summary>Gives everything in the store, and the store, to the owner of the folder of all stores.</summary>
    public void GiveAll()
    {
        UnixFiles.Give(Final, _owner);
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        foreach (var path in Directory.EnumerateFileSystemEntries(Final, "*", everything))
        {
            UnixFiles.Give(path, _owner);
        }
    }

    /// <summary>What is under the final name.</summary>
    public FileStoreInfo Look() =>
        !Path.Exists(Final) && new FileInfo(Final).LinkTarget is null ? FileStoreInfo.Absent
        : IsFolder(Final) && ReadMark(Final) == _mark ? FileStoreInfo.Ours
        : FileStoreInfo.Foreign;

    /// <summary>True if the final name is borne by a folder without any mark.</summary>
    public bool IsUnmarked() => IsFolder(Final) && ReadMark(Final) is null;

    /// <summary>The template's store on the same server.</summary>
    public string Beside(string database) => DatabasePattern.ProblemWith(database) is { } problem
        ? throw new PermanentFailureException($"There is no file store for such a name: {problem}.")
        : Path.Combine(_root, database);

    /// <summary>Makes a folder for a store, or for a part of one that is there.</summary>
    public void Make(string folder)
    {
        UnixFiles.MakeFolder(folder, _folderMode);
        if (!OperatingSystem.IsWindows())
        {
            // Whatever the process's mask is: the application must be able to write there.
            File.SetUnixFileMode(folder, _folderMode);
        }

        UnixFiles.Give(folder, _owner);
    }

    /// <summary>Where a file goes in a store that is there; makes the folders between.</summary>
    public string MakePlace(string store, string name)
    {
        var folder = store;
        var parts = name.Split('/');
        foreach (var part in parts[..^1])
        {
            folder = Path.Combine(folder, part);
            if (!Directory.Exists(folder))
            {
                Make(folder);
            }
        }

        return Path.Combine(folder, parts[^1]);
    }

    /// <summary>Writes a file, which appears when it is complete; one at a time in a store.</summary>
    public async Task WriteAsync(string store, StoredFile file, Stream content, CancellationToken cancellationToken)
    {
        var part = PartOf(store);
        try
        {
            await using (var written = Create(part))
            {
                await content.CopyToAsync(written, BufferBytes, cancellationToken);
                File.SetLastWriteTimeUtc(written.SafeFileHandle, file.WrittenAt.UtcDateTime);
            }

            UnixFiles.Give(part, _owner);
            File.Move(part, MakePlace(store, file.Name), overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>Marks a store as ours.</summary>
    /// <param name="store">The store.</param>
    /// <param name="flush">True brings everything in it onto the disk.</param>
    public void WriteMark(string store, bool flush)
    {
        // Of a file that was being written when a process died.
        File.Delete(PartOf(store));
        var path = Path.Combine(store, StoreNames.Mark);
        // Never emptied: another attempt may give the store its name between here and there, and a store without a whole mark is not ours.
        using var file = Create(path, FileMode.OpenOrCreate);
        var mark = System.Text.Encoding.UTF8.GetBytes(_mark + "\n");
        file.Write(mark);
        file.SetLength(mark.Length);
        file.Flush(flushToDisk: flush);
        UnixFiles.Give(path, _owner);
        if (flush)
        {
            UnixFiles.Flush(file.SafeFileHandle);
        }
    }

    /// <summary>Deletes a folder with everything in it; links in it are deleted, never followed.</summary>
    /// <returns>False if there was none.</returns>
    public static bool Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Gives a store that is there a name that nothing bears; a loss of power does not take it back.</summary>
    public void Rename(string from, string to)
    {
        Directory.Move(from, to);
        UnixFiles.FlushFolder(_root);
    }

    /// <summary>The plain files of a store but ours and the application's notes to itself; links are passed over.</summary>
    public static IEnumerable<StoredFile> Files(string store) => IsStore(store)
        ? Enumerate(
            store,
            (ref FileSystemEntry entry) => new StoredFile(
                Path.GetRelativePath(entry.RootDirectory.ToString(), entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/'), entry.LastWriteTimeUtc))
        : [];

    /// <summary>The sizes of the same files.</summary>
    public static IEnumerable<long> Sizes(string store) => IsStore(store) ? Enumerate(store, (ref FileSystemEntry entry) => entry.Length) : [];

    private static bool IsStore(string store) =>
        IsFolder(store)
        || (new FileInfo(store).LinkTarget is null && !File.Exists(store)
            ? false
            : throw new PermanentFailureException($"The file store '{store}' is no folder; symbolic links are not followed."));

    private static FileSystemEnumerable<T> Enumerate<T>(string store, FileSystemEnumerable<T>.FindTransform read) =>
        new(store, read, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && !IsLink(entry) && entry.FileName[0] != '.',
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !IsLink(entry) && entry.FileName[0] != '.' && !IsChecklist(entry),
        };

    private static string PartOf(string store) => Path.Combine(store, ".bibind-part");

    private static bool IsLink(in FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    private static bool IsChecklist(in FileSystemEntry entry) =>
        entry.FileName.SequenceEqual(StoreNames.Checklist) && entry.Directory.Length == entry.RootDirectory.Length;

    private static bool IsFolder(string path) => Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null;

    private static string? ReadMark(string store)
    {
        var path = Path.Combine(store, StoreNames.Mark);
        return UnixFiles.IsPlain(path) ? File.ReadLines(path).FirstOrDefault() ?? string.Empty : null;
    }

    private FileStream Create(string path, FileMode how = FileMode.Create)
    {
        var options = new FileStreamOptions { Mode = how, Access = FileAccess.Write, Share = FileShare.Delete, BufferSize = 0 };
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, options);
        }

        var mode = _folderMode & AllRights & ~Executable;
        options.UnixCreateMode = mode;
        var file = new FileStream(path, options);
        File.SetUnixFileMode(file.SafeFileHandle, mode);
        return file;
    }
}
