using System.Security.Cryptography;

namespace Bibind.Activities.Backup.Files;

/// <summary>So many bytes of a file, whatever is added to it meanwhile, hashed while they are read. It says its length, as an archive needs it.</summary>
internal sealed class FixedContent(FileStream file) : Stream
{
    private readonly IncrementalHash _hash = StoreHash.New();
    private readonly long _length = file.Length;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The file is read asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written here.
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
