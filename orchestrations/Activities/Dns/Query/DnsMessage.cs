using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Bibind.Activities.Dns.Query;

/// <summary>Record types that we ask for; the numbers of RFC 1035 and 3596.</summary>
internal enum DnsType
{
    A = 1,
    NS = 2,
    CNAME = 5,
    TXT = 16,
    AAAA = 28,
}

/// <summary>One record of an answer.</summary>
internal sealed record DnsRecord(string Name, int Type, string Value);

/// <summary>What a DNS server answered.</summary>
/// <param name="Code">0 is success, 3 that the name does not exist.</param>
/// <param name="IsTruncated">True if the rest has to be asked for by TCP.</param>
internal sealed record DnsAnswer(int Code, bool IsAuthoritative, bool IsTruncated, IReadOnlyList<DnsRecord> Records)
{
    /// <summary>The code as people write it.</summary>
    public string Words => Code switch
    {
        0 => "no error",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        5 => "REFUSED",
        _ => $"code {Code}",
    };
}

/// <summary>Writes queries and reads answers (RFC 1035).</summary>
internal static class DnsMessage
{
    private const int HeaderBytes = 12;
    private const int ClassInternet = 1;
    private const int LongestName = 255;

    public static byte[] WriteQuery(ushort id, string name, DnsType type, bool recursionDesired)
    {
        using var message = new MemoryStream();
        var header = new byte[HeaderBytes];
        BinaryPrimitives.WriteUInt16BigEndian(header, id);
        header[2] = (byte)(recursionDesired ? 1 : 0);
        header[5] = 1;
        message.Write(header);
        foreach (var label in name.Split('.'))
        {
            var bytes = Encoding.ASCII.GetBytes(label);
            if (bytes.Length is 0 or > 63)
            {
                throw new ArgumentException($"'{name}' is not a DNS name.", nameof(name));
            }

            message.WriteByte((byte)bytes.Length);
            message.Write(bytes);
        }

        message.Write([0, 0, (byte)type, 0, ClassInternet]);
        return message.ToArray();
    }

    /// <summary>Reads the answer to a query.</summary>
    /// <exception cref="FormatException">It is not one, or not to this query.</exception>
    public static DnsAnswer ReadAnswer(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        if (message.Length < query.Length || (message[2] & 0x80) == 0 || !message[..2].SequenceEqual(query[..2])
            || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            throw new FormatException("It is not the answer to what was asked.");
        }

        var offset = HeaderBytes;
        var asked = HeaderBytes;
        if (!string.Equals(ReadName(message, ref offset), ReadName(query, ref asked), StringComparison.OrdinalIgnoreCase)
            || !Slice(message, offset, 4).SequenceEqual(Slice(query, asked, 4)))
        {
            throw new FormatException("It answers another question.");
        }

        offset += 4;
        var records = new List<DnsRecord>();
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            var name = ReadName(message, ref offset);
            var fixedPart = Slice(message, offset, 10);
            var type = BinaryPrimitives.ReadUInt16BigEndian(fixedPart);
            var length = BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]);
            offset += 10;
            records.Add(new DnsRecord(name, type, ReadValue(message, type, offset, length)));
            offset += length;
        }

        return new DnsAnswer(message[3] & 0x0f, (message[2] & 0x04) != 0, (message[2] & 0x02) != 0, records);
    }

    private static string ReadValue(ReadOnlySpan<byte> message, int type, int offset, int length)
    {
        var data = Slice(message, offset, length);
        return type switch
        {
            (int)DnsType.A or (int)DnsType.AAAA when length is 4 or 16 => new IPAddress(data).ToString(),
            (int)DnsType.NS or (int)DnsType.CNAME => ReadName(message, ref offset),
            (int)DnsType.TXT => ReadText(data),
            _ => Convert.ToHexStringLower(data),
        };
    }

    private static string ReadText(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        while (data.Length > 0)
        {
            text.Append(Encoding.UTF8.GetString(Slice(data, 1, data[0])));
            data = data[(1 + data[0])..];
        }

        return text.ToString();
    }

    private static string ReadName(ReadOnlySpan<byte> message, ref int offset)
    {
        var name = new StringBuilder();
        var at = offset;
        var jumped = false;
        while (true)
        {
            var length = Slice(message, at, 1)[0];
            if ((length & 0xc0) == 0xc0)
            {
                var target = BinaryPrimitives.ReadUInt16BigEndian(Slice(message, at, 2)) & 0x3fff;
                offset = jumped ? offset : at + 2;
                jumped = true;

                // Each jump goes back, hence a message cannot send us round in circles.
                at = target < at ? target : throw new FormatException("A name in it points forward.");
                continue;
            }

            at++;
            if (length == 0)
            {
                offset = jumped ? offset : at;
                return name.ToString();
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(Slice(message, at, length)).ToLowerInvariant());
            at += length;
            if (name.Length > LongestName)
            {
                throw new FormatException("A name in it is too long.");
            }
        }
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> message, int offset, int length) =>
        offset >= 0 && length >= 0 && offset + length <= message.Length ? message.Slice(offset, length) : throw new FormatException("It is cut off.");
}
