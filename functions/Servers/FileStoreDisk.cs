using System.Collections.Concurrent;
using Bibind.Activities.FileStores;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Servers;

/// <summary>How full the file system is that holds a server's file stores, where this machine sees it.</summary>
internal sealed class FileStoreDisk(IOptions<FileStoreOptions> options)
{
    // A network file system that hangs holds whoever asks: one asks, everybody else goes by.
    private readonly ConcurrentDictionary<string, Task<(long Free, long All)?>> _asked = new(StringComparer.Ordinal);

    /// <summary>Bytes free and in all; null if that cannot be known in time.</summary>
    public async Task<(long Free, long All)?> FindAsync(string server, TimeSpan limit, CancellationToken cancellation)
    {
        if (options.Value is not { Provider: FileStoreOptions.InFolder, Folder: { } setting })
        {
            return null;
        }

        var folder = setting.Replace(FileStoreOptions.ServerPlaceholder, server, StringComparison.Ordinal);
        var asking = _asked.GetOrAdd(folder, f => Task.Run(() => Find(f), CancellationToken.None));
        try
        {
            return await asking.WaitAsync(limit, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            if (asking.IsCompleted)
            {
                _asked.TryRemove(new KeyValuePair<string, Task<(long Free, long All)?>>(folder, asking));
            }
        }
    }

    private static (long Free, long All)? Find(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            // What is kept for the system's own account is neither used nor ours.
            return Directory.Exists(folder) ? (drive.AvailableFreeSpace, drive.TotalSize - drive.TotalFreeSpace + drive.AvailableFreeSpace) : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
