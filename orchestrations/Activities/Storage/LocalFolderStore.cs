using System.IO.Enumeration;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Storage;

/// <summary>
/// The embedded object store: a bucket is a folder, an object a file. An object appears by being renamed, so it is
/// whole or not there.
/// </summary>
public sealed class LocalFolderStore(IOptions<LocalFolderOptions> options) : IObjectStore
{
    // No key may hold it, so an upload under way can be neither read nor listed.
    private const string UploadSuffix = "~";
    private const int BufferBytes = 128 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    private readonly string _root = Path.GetFullPath(options.Value.Folder);
    private readonly long? _capacity = options.Value.CapacityBytes;

    /// <inheritdoc/>
    public Task CreateBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        MakeFolder(BucketPath(bucket));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> BucketExistsAsync(string bucket, CancellationToken cancellationToken) =>
        Task.FromResult(Directory.Exists(BucketPath(bucket)));

    /// <inheritdoc/>
    public async Task<long> PutAsync(string bucket, string key, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = ObjectPath(bucket, key);
        if (!Directory.Exists(BucketPath(bucket)))
        {
            throw new PermanentFailureException($"The bucket '{bucket}' does not exist.");
        }

        MakeFolder(Path.GetDirectoryName(path)!);
        var upload = path + UploadSuffix;
        // Another upload of the same object holds the file; one that died has let go of it.
        await using var file = OpenUpload(upload);
        try
        {
            var bytes = await CopyAsync(content, file, cancellationToken);
            File.Move(upload, path, overwrite: true);
            return bytes;
        }
        catch
        {
            File.Delete(upload);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenReadAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream?>(new FileStream(
                ObjectPath(bucket, key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.Asynchronous));
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    /// <inheritdoc/>
    public Task<StoredObject?> HeadAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        var file = new FileInfo(ObjectPath(bucket, key));
        return Task.FromResult(file.Exists ? new StoredObject(key, file.Length, file.LastWriteTimeUtc) : null);
    }

    /// <inheritdoc/>
    public Task<ObjectPage> ListAsync(string bucket, string prefix, string? start, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var folder = PrefixPath(bucket, prefix);
        if (!Directory.Exists(folder))
        {
            return Task.FromResult(new ObjectPage([], null));
        }

        var root = BucketPath(bucket);
        var found = Files(folder, (ref FileSystemEntry file) => new StoredObject(KeyOf(root, file.ToFullPath()), file.Length, file.LastWriteTimeUtc))
            .Where(o => !o.Key.EndsWith(UploadSuffix, StringComparison.Ordinal))
            .Where(o => start is null || string.CompareOrdinal(o.Key, start) >= 0)
            .OrderBy(o => o.Key, StringComparer.Ordinal)
            .Take(limit + 1)
            .ToList();
        return Task.FromResult(found.Count > limit
            ? new ObjectPage(found[..limit], found[limit].Key)
            : new ObjectPage(found, null));
    }

    /// <inheritdoc/>
    public Task<Uri?> LinkAsync(string bucket, string key, TimeSpan lifetime, CancellationToken cancellationToken) => Task.FromResult<Uri?>(null);

    /// <inheritdoc/>
    public Task DeleteAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        var path = ObjectPath(bucket, key);
        if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            File.Delete(path);
            File.Delete(path + UploadSuffix);
            DeleteEmptyFolders(bucket, Path.GetDirectoryName(path)!);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DeleteAllAsync(string bucket, string prefix, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        var path = PrefixPath(bucket, prefix);
        DeleteFolder(path);
        DeleteEmptyFolders(bucket, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path))!);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task DeleteBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        var path = BucketPath(bucket);
        if (Directory.Exists(path))
        {
            // Who breaks off leaves a bucket that still says whose it is.
            foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos().Where(e => e.Name != ObjectNames.Mark))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (entry is DirectoryInfo { LinkTarget: null })
                {
                    DeleteFolder(entry.FullName);
                }
                else
                {
                    entry.Delete();
                }
            }
        }

        DeleteFolder(path);
        return Task.CompletedTask;
    }

    private async Task<long> CopyAsync(Stream content, FileStream file, CancellationToken cancellationToken)
    {
        var room = _capacity - UsedBytes();
        var buffer = new byte[BufferBytes];
        long written = 0;
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            written += read;
            if (written > room)
            {
                throw new StorageFullException($"its capacity of {_capacity} bytes (Storage__Local__CapacityBytes) is used up");
            }

            await WriteAsync(file, buffer.AsMemory(0, read), cancellationToken);
        }

        file.Flush(flushToDisk: true);
        return written;
    }

    // Only what the store itself writes: the content may come from a disk that is full in its own right.
    private static async Task WriteAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await file.WriteAsync(bytes, cancellationToken);
        }
        catch (IOException full) when (StorageFullException.IsMeantBy(full))
        {
            throw new StorageFullException("no space is left on its disk");
        }
    }

    private static FileStream OpenUpload(string path)
    {
        var how = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            // Deleting covers renaming, which ends a good upload while the file is still open.
            Share = FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, how);
    }

    private long UsedBytes() => _capacity is null ? 0 : Files(_root, (ref FileSystemEntry file) => file.Length).Sum();

    // The entries' own sizes and times: a file that is deleted meanwhile is no error.
    private static FileSystemEnumerable<T> Files<T>(string folder, FileSystemEnumerable<T>.FindTransform read) =>
        new(folder, read, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
        };

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnlyFolder);
        }
    }

    // Folders are how this provider writes keys; when the last key is gone they are, too. The bucket stays.
    private void DeleteEmptyFolders(string bucket, string folder)
    {
        var top = BucketPath(bucket);
        while (folder.Length > top.Length && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                // Someone has just put an object into it.
                return;
            }

            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private static void DeleteFolder(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // There is nothing to delete.
        }
    }

    private static string KeyOf(string root, string path) =>
        Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    private string BucketPath(string bucket) => Path.Combine(_root, ObjectNames.Bucket(bucket));

    private string ObjectPath(string bucket, string key) => Path.Combine(BucketPath(bucket), ObjectNames.Key(key));

    private string PrefixPath(string bucket, string prefix) => Path.Combine(BucketPath(bucket), ObjectNames.Prefix(prefix));
}
