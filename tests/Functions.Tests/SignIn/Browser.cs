using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>What a browser does: it keeps cookies, and sends the forms of pages. It follows no redirection by itself.</summary>
public sealed partial class Browser : IDisposable
{
    private readonly SocketsHttpHandler _handler = new() { AllowAutoRedirect = false, UseCookies = true };

    public Browser(Uri address)
    {
        Address = address;
        Client = new HttpClient(_handler) { BaseAddress = address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public CookieContainer Cookies => _handler.CookieContainer;

    /// <summary>The session's cookie; null without one.</summary>
    public Cookie? Session => Cookies.GetCookies(Address).SingleOrDefault(c => c.Name == $"bibind-{Address.Port}");

    public Task<HttpResponseMessage> GetAsync(string path, string accept = "text/html")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> PostAsync(string path, Dictionary<string, string> form, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form) };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> SendJsonAsync(HttpMethod method, string path, string? json, string? antiforgery)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        if (antiforgery is not null)
        {
            request.Headers.Add("X-CSRF-TOKEN", antiforgery);
        }

        return Client.SendAsync(request);
    }

    /// <summary>The antiforgery token of the sign-in page, which only somebody sees who is not signed in.</summary>
    public async Task<string> FormTokenAsync()
    {
        using var page = await GetAsync("/console/sign-in");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        return WebUtility.HtmlDecode(Token().Match(await page.Content.ReadAsStringAsync()).Groups[1].Value);
    }

    /// <summary>Signs in by the page's form.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string token, string? path = null)
    {
        var form = new Dictionary<string, string> { ["RequestVerificationToken"] = await FormTokenAsync(), ["token"] = token };
        if (path is not null)
        {
            form["return"] = path;
        }

        return await PostAsync("/console/sign-in", form);
    }

    public void Dispose()
    {
        Client.Dispose();
        _handler.Dispose();
    }

    [GeneratedRegex("name=\"RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
