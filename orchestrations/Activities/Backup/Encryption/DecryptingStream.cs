using System.Security.Cryptography;
using Bibind.Activities.Storage;

namespace Bibind.Activities.Backup.Encryption;

/// <summary>Opens frame by frame what <see cref="EncryptingStream"/> wrote. Nothing of a frame is given out before it is proved.</summary>
internal sealed class DecryptingStream(Stream stored, byte[] tenantKey, string binding) : AsyncReadStream
{
    private const int SealedBytes = FrameCipher.FrameBytes + FrameCipher.TagBytes;

    // One byte more than a frame: whether there is one says whether the frame is the last.
    private readonly byte[] _sealed = new byte[SealedBytes + 1];
    private readonly byte[] _plain = new byte[FrameCipher.FrameBytes];
    private FrameCipher? _cipher;
    private int _carried;
    private int _start;
    private int _end;
    private uint _number;
    private bool _isOver;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_start == _end && !_isOver)
        {
            await OpenFrameAsync(cancellationToken);
        }

        var bytes = Math.Min(buffer.Length, _end - _start);
        _plain.AsMemory(_start, bytes).CopyTo(buffer);
        _start += bytes;
        return bytes;
    }

    public override async ValueTask DisposeAsync()
    {
        _cipher?.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
        await stored.DisposeAsync();
        await base.DisposeAsync();
    }

    private async Task OpenFrameAsync(CancellationToken cancellationToken)
    {
        _cipher ??= await BeginAsync(cancellationToken);
        var length = _carried + await stored.ReadAtLeastAsync(
            _sealed.AsMemory(_carried), _sealed.Length - _carried, throwOnEndOfStream: false, cancellationToken);
        _isOver = length < _sealed.Length;
        _end = _cipher.Open(_number, _isOver, _sealed.AsSpan(0, Math.Min(length, SealedBytes)), _plain);
        _start = 0;
        _number = checked(_number + 1);
        _sealed[0] = _sealed[^1];
        _carried = 1;
    }

    private async Task<FrameCipher> BeginAsync(CancellationToken cancellationToken)
    {
        var header = new byte[FrameCipher.HeaderBytes];
        var read = await stored.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
        return FrameCipher.Of(header.AsSpan(0, read), tenantKey, binding);
    }
}
