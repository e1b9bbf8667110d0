using System.Text;

namespace Bibind.ControlPlane.Domains;

/// <summary>Punycode (RFC 3492), exactly: .NET's own maps and forgives, and what it forgives is another name.</summary>
internal static class Punycode
{
    private const int Base = 36;
    private const int TMin = 1;
    private const int TMax = 26;
    private const int Skew = 38;
    private const int Damp = 700;
    private const int InitialBias = 72;
    private const int InitialN = 0x80;

    /// <summary>The code points of a label without its <c>xn--</c>; null if it is no punycode.</summary>
    public static IReadOnlyList<int>? Decode(string encoded)
    {
        var delimiter = encoded.LastIndexOf('-');
        List<int> output = [.. encoded[..Math.Max(delimiter, 0)].Select(c => (int)c)];
        var (n, i, bias) = (InitialN, 0, InitialBias);
        for (var at = delimiter > 0 ? delimiter + 1 : 0; at < encoded.Length;)
        {
            var (before, weight) = (i, 1);
            for (var k = Base; ; k += Base)
            {
                if (at >= encoded.Length || DigitOf(encoded[at++]) is not { } digit || digit > (int.MaxValue - i) / weight)
                {
                    return null;
                }

                i += digit * weight;
                var threshold = Math.Clamp(k - bias, TMin, TMax);
                if (digit < threshold)
                {
                    break;
                }

                if (weight > int.MaxValue / (Base - threshold))
                {
                    return null;
                }

                weight *= Base - threshold;
            }

            bias = Adapt(i - before, output.Count + 1, before == 0);
            n += i / (output.Count + 1);
            i %= output.Count + 1;
            if (!Rune.IsValid(n))
            {
                return null;
            }

            output.Insert(i++, n);
        }

        return output;
    }

    /// <summary>The label without <c>xn--</c>.</summary>
    public static string Encode(IReadOnlyList<int> points)
    {
        var output = new StringBuilder();
        foreach (var point in points.Where(p => p < InitialN))
        {
            output.Append((char)point);
        }

        var (basic, n, delta, bias) = (output.Length, InitialN, 0, InitialBias);
        var handled = basic;
        if (basic > 0)
        {
            output.Append('-');
        }

        while (handled < points.Count)
        {
            var next = points.Where(p => p >= n).Min();
            delta += (next - n) * (handled + 1);
            n = next;
            foreach (var point in points)
            {
                if (point < n)
                {
                    delta++;
                }
                else if (point == n)
                {
                    AppendNumber(output, delta, bias);
                    bias = Adapt(delta, handled + 1, handled == basic);
                    (delta, handled) = (0, handled + 1);
                }
            }

            delta++;
            n++;
        }

        return output.ToString();
    }

    private static void AppendNumber(StringBuilder output, int number, int bias)
    {
        for (var k = Base; ; k += Base)
        {
            var threshold = Math.Clamp(k - bias, TMin, TMax);
            if (number < threshold)
            {
                output.Append(DigitFor(number));
                return;
            }

            output.Append(DigitFor(threshold + ((number - threshold) % (Base - threshold))));
            number = (number - threshold) / (Base - threshold);
        }
    }

    private static int Adapt(int delta, int count, bool isFirst)
    {
        delta = isFirst ? delta / Damp : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base)
        {
            delta /= Base - TMin;
        }

        return k + ((Base - TMin + 1) * delta / (delta + Skew));
    }

    private static int? DigitOf(char c) => c is >= 'a' and <= 'z' ? c - 'a' : c is >= '0' and <= '9' ? c - '0' + 26 : null;

    private static char DigitFor(int digit) => (char)(digit < 26 ? 'a' + digit : '0' + digit - 26);
}
