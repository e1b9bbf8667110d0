using System.Net.Mime;
using System.Text;
using System.Text.Encodings.Web;
using Bibind.WebConsole.Web;

namespace Bibind.Functions.Http;

/// <summary>What the page of the sign-in shows.</summary>
/// <param name="Return">Where to go afterwards.</param>
/// <param name="Form">The antiforgery token of its forms, and the name of their field.</param>
internal sealed record SignInPage(string Return, (string Field, string Token) Form)
{
    /// <summary>True if people sign in at an issuer.</summary>
    public bool HasIssuer { get; init; }

    /// <summary>True if whoever uses this machine may sign in as its operator.</summary>
    public bool IsLocal { get; init; }

    /// <summary>What went wrong, in words; null if nothing did.</summary>
    public string? Fault { get; init; }

    /// <summary>What is to be said otherwise; null if nothing is.</summary>
    public string? Note { get; init; }

    /// <summary>The page. It has no script, and its style is the console's.</summary>
    public IResult Show(int status) => Results.Text(
        $"""
        <!doctype html>
        <html lang="en" data-bs-theme="auto">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>Sign in – Bibind</title><link rel="icon" type="image/svg+xml" href="{StaticFiles.Address("favicon.svg")}"><link rel="stylesheet" href="{StaticFiles.Address("console.css")}"></head>
        <body>
        <main class="sign-in">
        <h1>Sign in</h1>
        {Paragraph("alert", Fault)}{Paragraph("status", Note)}{Parts()}
        </main>
        </body>
        </html>

        """,
        MediaTypeNames.Text.Html, Encoding.UTF8, status);

    private string Parts()
    {
        var text = new StringBuilder();
        if (HasIssuer)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"""<p><a class="btn btn-primary" href="/console/sign-in/start?return={Uri.EscapeDataString(Return)}">Sign in with your account</a></p>""").Append('\n');
        }

        if (IsLocal)
        {
            text.Append(Opening()).Append("""<button class="btn btn-primary" name="local" value="1">Sign in as local operator</button></form>""").Append('\n');
        }

        return text.Append(Opening())
            .Append("""<p><label for="token">Operator's token</label> <input class="form-control" id="token" name="token" type="password" autocomplete="current-password" autocapitalize="none" spellcheck="false" maxlength="16384" required></p>""")
            .Append("""<p><button class="btn">Sign in with the token</button></p></form>""").ToString();
    }

    private string Opening() =>
        $"""<form method="post" action="/console/sign-in"><input type="hidden" name="{Form.Field}" value="{Encode(Form.Token)}"><input type="hidden" name="return" value="{Encode(Return)}">""";

    private static string Paragraph(string role, string? text) => text is null ? string.Empty : $"""<p role="{role}">{Encode(text)}</p>""" + "\n";

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
