using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.Playwright;

namespace Bibind.WebConsole.Tests;

/// <summary>Photographs a page so that the picture can lie in a repository: with 256 colours at most.</summary>
internal static class SmallPicture
{
    private const int MostColours = 256;
    private const int MostExact = 48;

    // The upper bits of each channel.
    private const int Alike = 0xF0F0F0;
    private static readonly byte[] Signature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(n => Enumerable.Range(0, 8).Aggregate((uint)n, (c, _) => (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1))];

    public static async Task<byte[]> OfAsync(IPage page) => Shrink(await page.ScreenshotAsync(
        new PageScreenshotOptions { Animations = ScreenshotAnimations.Disabled, Caret = ScreenshotCaret.Hide, Scale = ScreenshotScale.Css }));

    /// <summary>The picture as a PNG with a palette.</summary>
    /// <param name="png">As browsers make it: eight bits a channel, not interlaced.</param>
    public static byte[] Shrink(byte[] png)
    {
        var (width, height, pixels) = Decode(png);

        // What there is most of keeps its colour. Of the rest, one stands for all that look alike, so that a small dot keeps its own beside many greys.
        var counted = pixels.CountBy(p => p).OrderByDescending(p => p.Value).ThenBy(p => p.Key).ToList();
        var palette = counted.Take(MostExact).Select(p => p.Key)
            .Concat(counted.Skip(MostExact).GroupBy(p => p.Key & Alike).Select(g => (Colour: g.First().Key, Count: g.Sum(p => p.Value))).OrderByDescending(c => c.Count).ThenBy(c => c.Colour).Select(c => c.Colour))
            .Take(MostColours).ToArray();
        var places = palette.Select((colour, index) => (colour, index)).ToDictionary(c => c.colour, c => (byte)c.index);
        var rows = new byte[height * (width + 1)];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var colour = pixels[(y * width) + x];
                if (!places.TryGetValue(colour, out var place))
                {
                    places[colour] = place = Nearest(palette, colour);
                }

                rows[(y * (width + 1)) + 1 + x] = place;
            }
        }

        using var file = new MemoryStream();
        file.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 3);
        Write(file, "IHDR", header);
        Write(file, "PLTE", [.. palette.SelectMany(c => new[] { (byte)(c >> 16), (byte)(c >> 8), (byte)c })]);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        Write(file, "IDAT", packed.ToArray());
        Write(file, "IEND", []);
        return file.ToArray();
    }

    private static byte Nearest(int[] palette, int colour)
    {
        var best = 0;
        var distance = int.MaxValue;
        for (var i = 0; i < palette.Length; i++)
        {
            var (r, g, b) = (((palette[i] >> 16) & 255) - ((colour >> 16) & 255), ((palette[i] >> 8) & 255) - ((colour >> 8) & 255), (palette[i] & 255) - (colour & 255));
            var apart = (r * r) + (g * g) + (b * b);
            (best, distance) = apart < distance ? (i, apart) : (best, distance);
        }

        return (byte)best;
    }

    private static (int Width, int Height, int[] Pixels) Decode(byte[] png)
    {
        using var data = new MemoryStream();
        for (var at = Signature.Length; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            if (Encoding.ASCII.GetString(png, at + 4, 4) == "IDAT")
            {
                data.Write(png, at + 8, length);
            }

            at += 12 + length;
        }

        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        var channels = (png[24], png[25], png[28]) switch
        {
            (8, 2, 0) => 3,
            (8, 6, 0) => 4,
            var other => throw new NotSupportedException($"A PNG of {other} is not what browsers make."),
        };
        data.Position = 0;
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        var pixels = new int[width * height];
        var (row, above) = (new byte[width * channels], new byte[width * channels]);
        for (var y = 0; y < height; y++)
        {
            var filter = zlib.ReadByte();
            zlib.ReadExactly(row);
            Unfilter(filter, row, above, channels);
            for (var x = 0; x < width; x++)
            {
                pixels[(y * width) + x] = (row[x * channels] << 16) | (row[(x * channels) + 1] << 8) | row[(x * channels) + 2];
            }

            (row, above) = (above, row);
        }

        return (width, height, pixels);
    }

    private static void Unfilter(int filter, byte[] row, byte[] above, int channels)
    {
        for (var i = 0; i < row.Length; i++)
        {
            int left = i >= channels ? row[i - channels] : 0, up = above[i], corner = i >= channels ? above[i - channels] : 0;
            row[i] += (byte)(filter switch { 1 => left, 2 => up, 3 => (left + up) / 2, 4 => Paeth(left, up, corner), _ => 0 });
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (a, b, c) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - (2 * corner)));
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }

    private static void Write(MemoryStream file, string kind, byte[] data)
    {
        byte[] part = [.. Encoding.ASCII.GetBytes(kind), .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(part);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~part.Aggregate(uint.MaxValue, (crc, next) => CrcTable[(crc ^ next) & 255] ^ (crc >> 8)));
        file.Write(number);
    }
}
