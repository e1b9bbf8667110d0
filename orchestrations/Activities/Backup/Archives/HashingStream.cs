using System.Security.Cryptography;
using Bibind.Activities.Storage;

namespace Bibind.Activities.Backup.Archives;

/// <summary>Counts and hashes what is read through it, by SHA-256 unless another algorithm is named.</summary>
internal sealed class HashingStream(Stream content, HashAlgorithmName? algorithm = null) : AsyncReadStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(algorithm ?? HashAlgorithmName.SHA256);

    public override long Position
    {
        get => Bytes;
        set => throw new NotSupportedException();
    }

    /// <summary>How much was read so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Lower-case hex of the hash of what was read so far.</summary>
    public string Hash => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await content.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..read]);
        Bytes += read;
        return read;
    }

    /// <summary>The content is disposed of with it.</summary>
    public override async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        await content.DisposeAsync();
        await base.DisposeAsync();
    }
}
