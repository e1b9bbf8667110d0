using System.Formats.Tar;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup.Files;

/// <summary>What an archive of a file store holds.</summary>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their size together.</param>
/// <param name="Damaged">How many are not what their name says.</param>
internal sealed record StoreContent(long Files, long Bytes, long Damaged);

/// <summary>Writes a tenant's file store as a tar archive while the application goes on writing.</summary>
internal sealed class StoreArchive(IFileStore files, TimeProvider time, ILogger logger, BackupRequest request)
{
    // The application writes a file in one go; by then it has ended, or its transaction is younger than the dump.
    private static readonly TimeSpan YoungAge = TimeSpan.FromSeconds(1);

    // What an archive ends with; of one without files it is all.
    private const int EndBytes = 1024;

    // What archives can say of a time, whatever a tenant has set.
    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<string> _leftOut = [];
    private long _files;
    private long _bytes;
    private long _damaged;

    /// <summary>Names of files that are not in the archive, for archives and stores cannot have such names.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Writes all that is there when it is come by.</summary>
    public async Task<StoreContent> WriteAsync(Stream target, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        var young = new List<StoredFile>();
        foreach (var file in files.List(request.Place))
        {
            if (!StoreNames.IsSafe(file.Name))
            {
                logger.FileLeftOut(file.Name, request.Place.Database);
                _leftOut.Add(file.Name);
            }
            else if (file.WrittenAt > time.GetUtcNow() - YoungAge)
            {
                young.Add(file);
            }
            else
            {
                await AddAsync(tar, file, cancellationToken);
            }
        }

        if (young.Count > 0)
        {
            await Task.Delay(YoungAge, time, cancellationToken);
        }

        foreach (var file in young)
        {
            await AddAsync(tar, file, cancellationToken);
        }

        if (_files == 0)
        {
            await target.WriteAsync(new byte[EndBytes], cancellationToken);
        }

        return new StoreContent(_files, _bytes, _damaged);
    }

    private async Task AddAsync(TarWriter tar, StoredFile file, CancellationToken cancellationToken)
    {
        if (files.Open(request.Place, file.Name) is not { } stored)
        {
            return;
        }

        await using var content = new FixedContent(stored);
        await tar.WriteEntryAsync(
            new PaxTarEntry(TarEntryType.RegularFile, file.Name) { DataStream = content, ModificationTime = TimeOf(file) }, cancellationToken);
        _files++;
        _bytes += content.Length;
        if (StoreNames.Sha1Of(file.Name) is { } named && named != content.Sha1)
        {
            _damaged++;
            logger.FileDamaged(file.Name, request.Place.Database, BackupKeys.Id(request));
        }
    }

    private static DateTimeOffset TimeOf(StoredFile file) => file.WrittenAt < Earliest ? Earliest : file.WrittenAt > Latest ? Latest : file.WrittenAt;
}
