using System.Security.Cryptography;
using Bibind.Activities.Storage;

namespace Bibind.Activities.Backup.Files;

/// <summary>So many bytes of a file, whatever is added to it meanwhile, hashed while they are read. It says its length, as an archive needs it.</summary>
internal sealed class FixedContent(FileStream file) : AsyncReadStream
{
    private readonly IncrementalHash _hash = StoreHash.New();
    private readonly long _length = file.Length;
    private long _position;

    public override bool CanSeek => true;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Lower-case hex of the SHA-1 of what was read so far.</summary>
    public string Sha1 => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = (int)Math.Min(buffer.Length, _length - _position);
        var read = await file.ReadAsync(buffer[..wanted], cancellationToken);
        if (read == 0 && wanted > 0)
        {
            throw new TransientFailureException("A file of the file store became shorter while it was backed up.");
        }

        _hash.AppendData(buffer.Span[..read]);
        _position += read;
        return read;
    }

    /// <summary>The file is closed with it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
