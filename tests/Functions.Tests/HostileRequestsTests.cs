using System.Net;
using System.Net.Sockets;
using System.Text;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Requests that are broken, odd or meant harm, sent byte by byte where no client would send them.</summary>
public sealed class HostileRequestsTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")]
    [InlineData("7FFFFFFFFFFFFFFF1\r\n{}\r\n0\r\n\r\n")]
    [InlineData("80000000\r\n{}\r\n0\r\n\r\n")]
    [InlineData("-1\r\n{}\r\n0\r\n\r\n")]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("2\r\n{}extra\r\n0\r\n\r\n")]
    public async Task A_chunked_body_whose_framing_is_broken_is_answered_as_unreadable(string chunks)
    {
        var answer = await SendAsync(
            $"POST /api/tenants HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {ApiHost.ManagerToken}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("/problems/unreadable-request", answer, StringComparison.Ordinal);
        Assert.Contains("X-Content-Type-Options: nosniff", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n")]
    [InlineData("Content-Length: -1\r\n")]
    [InlineData("Content-Length: 99999999999999999999\r\n")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n")]
    [InlineData("X-Bad\u0001: 1\r\n")]
    public async Task Headers_that_contradict_each_other_or_are_no_headers_are_refused(string headers)
    {
        var answer = await SendAsync($"POST /api/tenants HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {ApiHost.ManagerToken}\r\nContent-Type: application/json\r\n{headers}\r\n{{\"a\":1}}");

        Assert.Matches(@"\AHTTP/1\.1 (400|413|501) ", answer);
    }

    [Fact]
    public async Task A_flood_of_headers_is_refused()
    {
        var headers = string.Concat(Enumerable.Range(0, 200).Select(n => $"X-Flood-{n}: {new string('x', 100)}\r\n"));

        Assert.StartsWith("HTTP/1.1 431 ", await SendAsync($"GET /api/tenants HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/health/live", 200)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    [InlineData("GET", "/openapi/v2.json", 404)]
    [InlineData("GET", "/nothing/here", 404)]
    [InlineData("DELETE", "/api/tenants", 405)]
    [InlineData("GET", "/api/tenants", 401)]
    [InlineData("OPTIONS", "/api/tenants", 204)]
    [InlineData("HEAD", "/health/live", 200)]
    public async Task Every_answer_forbids_guessing_its_type_and_keeps_callers_answers_to_themselves(string method, string path, int status)
    {
        using var answer = await host.SendAsync(new HttpMethod(method), path);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal(path != "/openapi/v1.json", answer.Headers.CacheControl?.NoStore ?? false);
    }

    [Theory]
    [InlineData("/openapi/v2.json")]
    [InlineData("/openapi/")]
    [InlineData("/problems/not-found")]
    [InlineData("/%2e%2e/etc/passwd")]
    [InlineData("//api/tenants")]
    public async Task An_unknown_address_is_answered_as_a_problem(string path)
    {
        using var answer = await host.GetAsync(Absolute(path), token: null);

        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task A_method_that_is_not_taken_is_a_problem_that_names_those_that_are()
    {
        using var answer = await host.SendAsync(HttpMethod.Put, "/api/tenants");

        await ProblemAssert.IsAsync(answer, HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        Assert.Equal(["GET", "HEAD", "OPTIONS", "POST"], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task OPTIONS_names_the_methods_of_an_address()
    {
        using var answer = await host.SendAsync(HttpMethod.Options, "/webhooks/odoo/x");

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(["OPTIONS", "POST"], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task HEAD_is_answered_as_GET_without_the_body()
    {
        using var answer = await host.SendAsync(HttpMethod.Head, "/api/tenants", ApiHost.ViewerToken);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        using var nowhere = await host.SendAsync(HttpMethod.Head, "/webhooks/odoo/x");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, nowhere.StatusCode);
    }

    [Theory]
    [InlineData("//webhooks/odoo/")]
    [InlineData("/Webhooks/Odoo/")]
    [InlineData("/webhook/")]
    [InlineData("/api/webhooks/odoo/")]
    public async Task A_token_sent_to_an_address_beside_its_own_is_shown_nowhere(string path)
    {
        using var answer = await host.SendAsync(HttpMethod.Put, Absolute(path) + ApiHost.WebhookToken);

        Assert.DoesNotContain(ApiHost.WebhookToken, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(ApiHost.WebhookToken, host.Logs.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\u2028")]
    [InlineData("\\u2029")]
    [InlineData("\\u202a")]
    [InlineData("\\u202e")]
    [InlineData("\\u2066")]
    [InlineData("\\u2069")]
    [InlineData("\\u200b")]
    [InlineData("\\u200d")]
    [InlineData("\\u2060")]
    [InlineData("\\ufeff")]
    [InlineData("\\u00ad")]
    [InlineData("\\u061c")]
    [InlineData("\\u3164")]
    [InlineData("\\ue000")]
    [InlineData("\\uffff")]
    [InlineData("\\u0378")]
    [InlineData("\\u0085")]
    [InlineData("\\udb40\\udc41")]
    [InlineData("\\udc00")]
    public async Task Text_that_does_not_show_what_it_is_is_refused_in_every_field(string characters)
    {
        var order = $$"""
            {"code": "a{{characters}}b", "name": "a{{characters}}b", "customerName": "a{{characters}}b", "customerEmail": "a{{characters}}b@example.com",
             "offer": "a{{characters}}b", "plan": "a{{characters}}b", "template": "a{{characters}}b", "callbackUrl": "https://hook.example/a{{characters}}b",
             "locale": {"language": "a{{characters}}b", "timeZone": "a{{characters}}b", "dateFormat": "a{{characters}}b", "currency": "a{{characters}}b",
                        "country": "a{{characters}}b", "vat": "a{{characters}}b"} }
            """;
        using var answer = await host.OrderAsync(order);

        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");

        string[] fields =
        [
            "callbackUrl", "code", "customerEmail", "customerName", "locale.country", "locale.currency", "locale.dateFormat", "locale.language", "locale.timeZone",
            "locale.vat", "name", "offer", "plan", "template",
        ];
        Assert.Equal(fields, problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Société Générale — „Ünïcödé“")]
    [InlineData("株式会社アクメ")]
    [InlineData("شركة أكمي")]
    [InlineData("Ακμή & Σία 🚀")]
    public async Task Names_in_whatever_script_are_taken(string name)
    {
        using var answer = await host.OrderAsync($$"""{"code": "script-{{name.Length}}", "name": "{{name}}", "offer": "odoo-shared"}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Theory]
    [InlineData("http://0.0.0.0/")]
    [InlineData("http://[::]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[64:ff9b::7f00:1]/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f.1/")]
    [InlineData("http://017700000001/")]
    [InlineData("http://localhost./")]
    [InlineData("http://a.localhost/")]
    [InlineData("http://100.64.0.1/")]
    [InlineData("http://255.255.255.255/")]
    [InlineData("http://intern/")]
    public async Task A_callback_into_our_own_networks_is_refused_at_once(string url)
    {
        using var answer = await host.OrderAsync(ApiHost.Order("inward", more: $$""", "callbackUrl": "{{url}}" """));

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), "callbackUrl", "cannot be called back: it leads to");
    }

    // Two slashes alone would begin the name of another host.
    private string Absolute(string path) => host.Address.AbsoluteUri.TrimEnd('/') + path;

    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }
}
