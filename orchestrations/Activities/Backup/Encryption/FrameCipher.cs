using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Activities.Backup.Encryption;

/// <summary>
/// The stored form of a backup: a header, then frames of 1 MiB, each sealed with AES-256-GCM. The key of a file comes from
/// the tenant's key and a salt of its own; the nonce is a random prefix, the frame's number and a flag of the last frame.
/// So frames can be neither changed, exchanged nor left out, and a file that ends too soon has no last frame. What the
/// file is (its binding) is sealed in as well: one backup put under the name of another does not open.
/// </summary>
internal sealed class FrameCipher : IDisposable
{
    /// <summary>Bytes of a frame before it is sealed.</summary>
    public const int FrameBytes = 1024 * 1024;

    /// <summary>Bytes that sealing adds to a frame.</summary>
    public const int TagBytes = 16;

    /// <summary>Magic 8, version 1, frame size 4, key id 8, salt 32, nonce prefix 7.</summary>
    public const int HeaderBytes = 60;

    private const byte Version = 1;
    private const int KeyIdBytes = 8;
    private const int SaltBytes = 32;
    private const int PrefixBytes = 7;
    private const int NonceBytes = 12;
    private const int KeyBytes = 32;
    private static readonly byte[] Magic = "bibindbk"u8.ToArray();
    private static readonly byte[] Purpose = "bibind backup 1"u8.ToArray();

    private readonly AesGcm _aes;
    private readonly byte[] _associated;
    private readonly byte[] _nonce = new byte[NonceBytes];

    private FrameCipher(ReadOnlySpan<byte> header, ReadOnlySpan<byte> tenantKey, string binding)
    {
        Header = header.ToArray();
        header[^PrefixBytes..].CopyTo(_nonce);
        var key = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, tenantKey.ToArray(), KeyBytes, header.Slice(HeaderBytes - PrefixBytes - SaltBytes, SaltBytes).ToArray(), Purpose);
        _aes = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        _associated = [.. Header, .. Encoding.UTF8.GetBytes(binding)];
    }

    /// <summary>What the file begins with.</summary>
    public byte[] Header { get; }

    /// <summary>A cipher for a new file.</summary>
    public static FrameCipher New(ReadOnlySpan<byte> tenantKey, string binding)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        header[8] = Version;
        BinaryPrimitives.WriteInt32BigEndian(header[9..], FrameBytes);
        KeyId(tenantKey).CopyTo(header[13..]);
        RandomNumberGenerator.Fill(header[21..]);
        return new FrameCipher(header, tenantKey, binding);
    }

    /// <summary>The cipher of a stored file.</summary>
    /// <exception cref="BackupDamagedException">It is none of ours, or the key is another.</exception>
    public static FrameCipher Of(ReadOnlySpan<byte> header, ReadOnlySpan<byte> tenantKey, string binding)
    {
        if (header.Length < HeaderBytes || !header.StartsWith(Magic))
        {
            throw new BackupDamagedException("it does not begin as a backup does");
        }

        if (header[8] != Version || BinaryPrimitives.ReadInt32BigEndian(header[9..]) != FrameBytes)
        {
            throw new BackupDamagedException($"its format {header[8]} is not known to this version of the program");
        }

        return header.Slice(13, KeyIdBytes).SequenceEqual(KeyId(tenantKey))
            ? new FrameCipher(header, tenantKey, binding)
            : throw new BackupDamagedException("it was encrypted with another key than the one that is kept for its tenant");
    }

    /// <summary>Seals a frame; the tag lies behind it.</summary>
    public void Seal(uint number, bool isLast, ReadOnlySpan<byte> plain, Span<byte> sealedFrame) =>
        _aes.Encrypt(Nonce(number, isLast), plain, sealedFrame[..plain.Length], sealedFrame.Slice(plain.Length, TagBytes), _associated);

    /// <summary>Opens a frame; answers how many bytes were in it.</summary>
    /// <exception cref="BackupDamagedException">It is not the frame that was sealed.</exception>
    public int Open(uint number, bool isLast, ReadOnlySpan<byte> sealedFrame, Span<byte> plain)
    {
        var length = sealedFrame.Length - TagBytes;
        if (length < 0)
        {
            throw new BackupDamagedException("it ends too soon");
        }

        try
        {
            _aes.Decrypt(Nonce(number, isLast), sealedFrame[..length], sealedFrame[length..], plain[..length], _associated);
            return length;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new BackupDamagedException(isLast ? "it was changed, or ends too soon" : "it was changed");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _aes.Dispose();

    private static byte[] KeyId(ReadOnlySpan<byte> tenantKey) => SHA256.HashData(tenantKey)[..KeyIdBytes];

    private ReadOnlySpan<byte> Nonce(uint number, bool isLast)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_nonce.AsSpan(PrefixBytes), number);
        _nonce[^1] = isLast ? (byte)1 : (byte)0;
        return _nonce;
    }
}

/// <summary>A backup is not what was stored; nothing was done with it.</summary>
public sealed class BackupDamagedException(string how) : Durable.PermanentFailureException($"The backup cannot be used: {how}.");
