namespace Bibind.Activities.Backup.Encryption;

/// <summary>Seals what is written to it, frame by frame. Without <see cref="CompleteAsync"/> there is no last frame, and the file does not open.</summary>
internal sealed class EncryptingStream(Stream target, FrameCipher cipher) : Stream
{
    private readonly byte[] _plain = new byte[FrameCipher.FrameBytes];
    private readonly byte[] _sealed = new byte[FrameCipher.FrameBytes + FrameCipher.TagBytes];
    private int _length;
    private uint _number;
    private bool _hasBegun;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // A full frame waits until there is more: the last one is sealed as the last.
            if (_length == _plain.Length)
            {
                await SealAsync(isLast: false, cancellationToken);
            }

            var bytes = Math.Min(buffer.Length, _plain.Length - _length);
            buffer[..bytes].CopyTo(_plain.AsMemory(_length));
            _length += bytes;
            buffer = buffer[bytes..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Writes the last frame.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken) => SealAsync(isLast: true, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The frames are written asynchronously.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
        // A frame is written when it is full, whoever flushes.
    }

    private async Task SealAsync(bool isLast, CancellationToken cancellationToken)
    {
        if (!_hasBegun)
        {
            await target.WriteAsync(cipher.Header, cancellationToken);
            _hasBegun = true;
        }

        cipher.Seal(_number, isLast, _plain.AsSpan(0, _length), _sealed);
        await target.WriteAsync(_sealed.AsMemory(0, _length + FrameCipher.TagBytes), cancellationToken);
        // A number that came again would give two frames one nonce.
        _number = checked(_number + 1);
        _length = 0;
    }
}
