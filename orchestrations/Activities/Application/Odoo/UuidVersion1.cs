using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Time-based UUIDs (RFC 9562, version 1) with a random node, as the application makes its own.</summary>
internal static class UuidVersion1
{
    private static readonly DateTimeOffset Epoch = new(1582, 10, 15, 0, 0, 0, TimeSpan.Zero);

    public static Guid Make(DateTimeOffset now)
    {
        var ticks = (ulong)(now - Epoch).Ticks;
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)ticks);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)(ticks >> 32));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)((ticks >> 48 & 0x0FFF) | 0x1000));
        bytes[8] = (byte)(bytes[8] & 0x3F | 0x80);
        // The multicast bit keeps a random node apart from every network card.
        bytes[10] |= 0x01;
        return new Guid(bytes, bigEndian: true);
    }
}
