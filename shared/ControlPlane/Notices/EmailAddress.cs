using System.Globalization;
using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Notices;

/// <summary>One address that e-mail can be sent to, and nothing besides: no list, no comment, no header.</summary>
/// <param name="Text">As SMTP wants it: the domain in ASCII.</param>
/// <param name="NeedsUtf8">True if what stands before the @ is not ASCII, which not every mail server takes.</param>
public sealed partial record EmailAddress(string Text, bool NeedsUtf8)
{
    private const int Longest = 254;
    private const int LongestLocal = 64;
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>Reads one.</summary>
    /// <param name="text">The address.</param>
    /// <param name="problem">What is wrong with it, to follow its name; null if nothing is.</param>
    public static EmailAddress? Read(string text, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        problem = PlainText.ProblemWith(text, mayHaveLines: false);
        if (problem is not null)
        {
            return null;
        }

        problem = "is no e-mail address such as jane@example.com";
        var at = text.LastIndexOf('@');
        if (at is < 1 or > LongestLocal || text.Length > Longest || !Local().IsMatch(text[..at]))
        {
            return null;
        }

        try
        {
            var domain = Idn.GetAscii(text[(at + 1)..]);
            if (!Domain().IsMatch(domain))
            {
                return null;
            }

            problem = null;
            var local = text[..at];
            return new EmailAddress($"{local}@{domain}", !System.Text.Ascii.IsValid(local));
        }
        catch (ArgumentException)
        {
            problem = "has a domain that is none";
            return null;
        }
    }

    // The unquoted form; what is not ASCII is a letter or a digit of some script.
    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{N}\p{M}-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\p{L}\p{N}\p{M}-]+)*\z")]
    private static partial Regex Local();

    [GeneratedRegex(@"\A([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9-]{2,63}\z")]
    private static partial Regex Domain();
}
