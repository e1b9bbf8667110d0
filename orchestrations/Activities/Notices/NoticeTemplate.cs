using System.Text.Encodings.Web;
using System.Text.Unicode;
using Fluid;

namespace Bibind.Activities.Notices;

/// <summary>A letter that is ready to be sent.</summary>
/// <param name="Subject">One line.</param>
/// <param name="Text">For readers without HTML.</param>
/// <param name="Html">A whole document.</param>
public sealed record NoticeLetter(string Subject, string Text, string Html);

/// <summary>One kind of letter in one language: subject, text and HTML in a file, in Liquid. Values are never read as templates.</summary>
internal sealed class NoticeTemplate
{
    private const string TextMark = "---text---";
    private const string HtmlMark = "---html---";
    private const int LongestSubject = 200;
    private const int MostSteps = 10_000;

    private static readonly FluidParser Parser = new();
    private static readonly TemplateOptions Options = new() { MaxSteps = MostSteps };
    private static readonly HtmlEncoder ForHtml = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly IFluidTemplate _subject;
    private readonly IFluidTemplate _text;
    private readonly IFluidTemplate _html;
    private readonly string _language;

    private NoticeTemplate(string language, IFluidTemplate subject, IFluidTemplate text, IFluidTemplate html)
    {
        _language = language;
        _subject = subject;
        _text = text;
        _html = html;
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none; says what is wrong and where.</exception>
    public static NoticeTemplate Read(string source, string language)
    {
        var lines = source.ReplaceLineEndings("\n").Split('\n');
        var text = Array.IndexOf(lines, TextMark);
        var html = Array.IndexOf(lines, HtmlMark);
        if (text < 1 || html < text)
        {
            throw new FormatException($"it must have a subject, a line {TextMark}, the text, a line {HtmlMark} and the HTML, in this order");
        }

        var template = new NoticeTemplate(
            language, Parse("the subject", lines[..text]), Parse("the text", lines[(text + 1)..html]), Parse("the HTML", lines[(html + 1)..]));

        // What only fails when it runs fails here, and not when the first customer is to be told.
        try
        {
            if (template.Render(new Dictionary<string, string>()).Subject.Length == 0)
            {
                throw new FormatException("its subject is empty");
            }
        }
        catch (Exception failed) when (failed is not FormatException)
        {
            throw new FormatException($"it cannot be rendered: {failed.Message}", failed);
        }

        return template;
    }

    /// <summary>Fills it in.</summary>
    public NoticeLetter Render(IReadOnlyDictionary<string, string> values)
    {
        var subject = _subject.Render(ContextOf(values), NullEncoder.Default);
        var body = _html.Render(ContextOf(values), ForHtml).Trim();
        return new NoticeLetter(
            OneLine(subject), _text.Render(ContextOf(values), NullEncoder.Default).Trim() + "\n",
            $"""
            <!doctype html>
            <html lang="{_language}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{ForHtml.Encode(OneLine(subject))}</title></head>
            <body style="font-family: sans-serif; line-height: 1.5; max-width: 40em; margin: 2em auto; padding: 0 1em">
            {body}
            </body>
            </html>

            """);
    }

    /// <summary>The text in one line that no header ends in.</summary>
    internal static string OneLine(string text)
    {
        var line = string.Join(' ', new string([.. text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestSubject ? line : line[..(LongestSubject - 1)] + "…";
    }

    private static IFluidTemplate Parse(string part, string[] lines) =>
        Parser.TryParse(string.Join('\n', lines), out var template, out var error) ? template : throw new FormatException($"{part} is no Liquid: {error}");

    private static TemplateContext ContextOf(IReadOnlyDictionary<string, string> values)
    {
        var context = new TemplateContext(Options);
        foreach (var (name, value) in values)
        {
            context.SetValue(name, value);
        }

        return context;
    }
}
