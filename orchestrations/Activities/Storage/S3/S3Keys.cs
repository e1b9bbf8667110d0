using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Bibind.Activities.Storage.S3;

/// <summary>Keys of objects as they travel: S3 allows any text of up to 1,024 bytes, XML does not carry every one.</summary>
internal static partial class S3Keys
{
    private const int LongestShown = 80;

    /// <summary>True if a key comes back from an XML document as it was put in, whatever the server's parser does with space.</summary>
    public static bool FitXml(string key) =>
        key.Length > 0 && !char.IsWhiteSpace(key[0]) && !char.IsWhiteSpace(key[^1])
        && key.EnumerateRunes().All(r => !Rune.IsControl(r) && r.Value is not (0xFFFD or 0xFFFE or 0xFFFF or 0x2028 or 0x2029));

    /// <summary>A key from a listing that was asked for with <c>encoding-type=url</c>.</summary>
    public static string Decode(string listed) => WebUtility.UrlDecode(listed);

    /// <summary>A key as it can be written into a message.</summary>
    public static string Shown(string key)
    {
        var shown = new StringBuilder();
        foreach (var rune in key.EnumerateRunes())
        {
            if (shown.Length >= LongestShown)
            {
                return shown.Append('…').ToString();
            }

            var isPlain = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            shown.Append(isPlain ? rune.ToString() : Uri.EscapeDataString(rune.ToString()));
        }

        return shown.ToString();
    }

    /// <summary>
    /// Makes a listing readable whose server does not encode everything that it should: what no XML document may hold is
    /// written as it is encoded elsewhere in the same listing.
    /// </summary>
    public static string Readable(string listing)
    {
        var readable = Reference().Replace(
            listing,
            reference =>
            {
                var isHex = reference.Groups["hex"].Success;
                var digits = reference.Groups[isHex ? "hex" : "decimal"].Value;
                return int.TryParse(digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var code) && IsIllegal(code)
                    ? Encoded(code)
                    : reference.Value;
            });
        return readable.Any(c => IsIllegal(c)) ? string.Concat(readable.Select(c => IsIllegal(c) ? Encoded(c) : c.ToString())) : readable;
    }

    private static bool IsIllegal(int code) => code is < 0x20 and not ('\t' or '\n' or '\r') or 0xFFFE or 0xFFFF;

    private static string Encoded(int code) => Uri.EscapeDataString(char.ConvertFromUtf32(code));

    [GeneratedRegex("&#(?:x(?<hex>[0-9A-Fa-f]{1,6})|(?<decimal>[0-9]{1,7}));")]
    private static partial Regex Reference();
}
