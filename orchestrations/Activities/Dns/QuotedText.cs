using System.Text;

namespace Bibind.Activities.Dns;

/// <summary>TXT values as zone files, PowerDNS and Route 53 write them: in quotes, in pieces of up to 255 bytes.</summary>
internal static class QuotedText
{
    private const int LongestPiece = 255;

    public static string Quote(string value) =>
        string.Join(' ', value.Chunk(LongestPiece).Select(piece =>
            $"\"{new string(piece).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    /// <summary>The value of one or several quoted pieces; text without quotes is answered as it is.</summary>
    public static string Unquote(string quoted)
    {
        if (!quoted.StartsWith('"'))
        {
            return quoted;
        }

        var value = new StringBuilder();
        var isInside = false;
        for (var i = 0; i < quoted.Length; i++)
        {
            if (quoted[i] == '"')
            {
                isInside = !isInside;
            }
            else if (isInside)
            {
                i += quoted[i] == '\\' && i + 1 < quoted.Length ? 1 : 0;
                value.Append(quoted[i]);
            }
        }

        return value.ToString();
    }
}
