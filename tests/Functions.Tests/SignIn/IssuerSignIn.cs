using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>Goes the way to the issuer and back as a browser does, with the issuer's own pages.</summary>
internal static partial class IssuerSignIn
{
    private const int MostSteps = 20;

    /// <summary>Signs in there; answers where the issuer sends the browser back to.</summary>
    public static async Task<Uri> GoAsync(Browser browser, Uri address, string login)
    {
        for (var step = 0; step < MostSteps; step++)
        {
            if (address.Authority == browser.Address.Authority)
            {
                return address;
            }

            using var answer = await browser.Client.GetAsync(address);
            address = answer.StatusCode == HttpStatusCode.OK ? await SubmitAsync(browser, address, await answer.Content.ReadAsStringAsync(), login) : Next(address, answer);
        }

        throw new InvalidOperationException("The way to the issuer does not end.");
    }

    /// <summary>Goes from the console to the issuer and back, and takes the session that waits there.</summary>
    public static async Task<HttpResponseMessage> SignInAsync(Browser browser, string login, string path = "/console")
    {
        using var start = await browser.GetAsync($"/console/sign-in/start?return={Uri.EscapeDataString(path)}");
        Assert.Equal(HttpStatusCode.SeeOther, start.StatusCode);
        return await browser.Client.GetAsync(await GoAsync(browser, start.Headers.Location!, login));
    }

    /// <summary>Confirms a program's code at the issuer.</summary>
    public static async Task ConfirmAsync(Browser browser, Uri address, string code, string login)
    {
        for (var step = 0; step < MostSteps; step++)
        {
            using var answer = await browser.Client.GetAsync(address);
            var page = await answer.Content.ReadAsStringAsync();
            while (answer.StatusCode == HttpStatusCode.OK && Action().IsMatch(page))
            {
                using var next = await PostAsync(browser, address, page, login, code);
                if (next.Headers.Location is { } location)
                {
                    address = new Uri(address, location);
                    break;
                }

                page = await next.Content.ReadAsStringAsync();
            }

            if (!Action().IsMatch(page) && answer.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            address = answer.Headers.Location is { } moved ? new Uri(address, moved) : address;
        }

        throw new InvalidOperationException("The way to the confirmation does not end.");
    }

    private static async Task<Uri> SubmitAsync(Browser browser, Uri address, string page, string login)
    {
        using var answer = await PostAsync(browser, address, page, login, code: null);
        return Next(address, answer);
    }

    private static async Task<HttpResponseMessage> PostAsync(Browser browser, Uri address, string page, string login, string? code)
    {
        var action = WebUtility.HtmlDecode(Action().Match(page).Groups[1].Value);
        Assert.NotEqual("", action);
        var form = Hidden().Matches(page).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
        form["login"] = login;
        form["password"] = "any";
        form["logout"] = "yes";
        if (code is not null)
        {
            form["user_code"] = code;
        }

        return await browser.Client.PostAsync(new Uri(address, action), new FormUrlEncodedContent(form));
    }

    private static Uri Next(Uri from, HttpResponseMessage answer) =>
        answer.Headers.Location is { } location ? new Uri(from, location) : throw new InvalidOperationException($"{(int)answer.StatusCode} at {from}");

    [GeneratedRegex("""<form[^>]*action="([^"]+)""")]
    private static partial Regex Action();

    [GeneratedRegex("""<input type="hidden" name="([^"]+)" value="([^"]*)""")]
    private static partial Regex Hidden();
}
