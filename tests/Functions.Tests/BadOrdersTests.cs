using System.Net;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Orders that cannot be met or read are answered precisely and change nothing.</summary>
public sealed class BadOrdersTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("A", "code")]
    [InlineData("Acme", "code")]
    [InlineData("1acme", "code")]
    [InlineData("acme-", "code")]
    [InlineData("acme_1", "code")]
    [InlineData("admin", "code")]
    [InlineData("a'; drop table control.tenants; --", "code")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456789", "code")]
    [InlineData("", "code")]
    public async Task A_bad_code_is_refused_by_name(string code, string field)
    {
        var problem = await RefusedAsync(ApiHost.Order(code), HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, field, string.Empty);
    }

    [Theory]
    [InlineData(""", "plan": "platinum" """, "plan", "no plan 'platinum'")]
    [InlineData(""", "template": "casino" """, "template", "no template 'casino'")]
    [InlineData(""", "customerEmail": "nobody" """, "customerEmail", "e-mail")]
    [InlineData(""", "callbackUrl": "ftp://x/" """, "callbackUrl", "http")]
    [InlineData(""", "locale": {"language": "french"} """, "locale.language", "fr_FR")]
    [InlineData(""", "locale": {"timeZone": "mars colony"} """, "locale.timeZone", "Europe/Paris")]
    public async Task A_value_that_does_not_exist_is_refused_by_name(string more, string field, string words)
    {
        var problem = await RefusedAsync(ApiHost.Order("fine", more: more), HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, field, words);
    }

    [Fact]
    public async Task An_unknown_offer_is_refused_by_name()
    {
        var problem = await RefusedAsync(ApiHost.Order("fine", offer: "teapot"), HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "offer", "no offer 'teapot': choose odoo-host or odoo-shared");
    }

    [Fact]
    public async Task A_template_that_is_not_ready_is_a_conflict_that_says_what_to_do()
    {
        var problem = await RefusedAsync(ApiHost.Order("fine", more: """, "template": "restaurant" """), HttpStatusCode.Conflict, "template-not-ready");
        Assert.Contains("create it there first", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_that_is_taken_is_a_conflict()
    {
        await host.OrderTenantAsync("twice");
        var problem = await RefusedAsync(ApiHost.Order("twice"), HttpStatusCode.Conflict, "code-taken");
        ProblemAssert.Names(problem, "code", "choose another code");
    }

    [Fact]
    public async Task An_order_without_room_is_a_conflict_that_says_what_to_do()
    {
        await host.OrderTenantAsync("lastplace");
        await host.ExecuteAsync("update control.servers set max_tenants = (select count(*) from control.tenants)");
        try
        {
            var problem = await RefusedAsync(ApiHost.Order("noroom"), HttpStatusCode.Conflict, "no-capacity");
            Assert.Contains("Add a server", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            await host.ExecuteAsync("update control.servers set max_tenants = 100");
        }
    }

    [Theory]
    [InlineData("""{"code": "a" """, "line 1")]
    [InlineData("{\n\"code\": tru\n}", "line 2, position")]
    [InlineData("""["a"]""", "a list")]
    [InlineData("\"a\"", "text")]
    [InlineData("null", "null")]
    [InlineData("", "empty")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""", "nested deeper")]
    public async Task A_body_that_is_no_JSON_object_is_refused_with_the_place(string body, string words)
    {
        var problem = await RefusedAsync(body, HttpStatusCode.BadRequest, "unreadable-request");
        Assert.Contains(words, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_refused()
    {
        var content = new ByteArrayContent([.. "{\"code\": \""u8, 0xC3, 0x28, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");
        var problem = await RefusedAsync(content, HttpStatusCode.BadRequest, "unreadable-request");
        Assert.Contains("UTF-8", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_unknown_missing_wrong_and_repeated_member_is_named_at_once()
    {
        const string Body = """
            {"name": 5, "customerName": ["x"], "colour": "red", "Code": "acme", "locale": {"currency": null, "planet": "earth"},
             "plan": "pro", "plan": "starter", "vat": "FR1", "template": true}
            """;
        var problem = await RefusedAsync(Body, HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "name", "must be text, not 5");
        ProblemAssert.Names(problem, "customerName", "must be text, not a list");
        ProblemAssert.Names(problem, "colour", "is unknown; known are code, name");
        ProblemAssert.Names(problem, "Code", "is unknown");
        ProblemAssert.Names(problem, "code", "is missing");
        ProblemAssert.Names(problem, "offer", "is missing");
        ProblemAssert.Names(problem, "locale.currency", "must be text, not null");
        ProblemAssert.Names(problem, "locale.planet", "is unknown; known are language");
        ProblemAssert.Names(problem, "plan", "more than once");
        ProblemAssert.Names(problem, "vat", "is unknown");
        ProblemAssert.Names(problem, "template", "must be text, not true");
    }

    [Theory]
    [InlineData("\\u0000", "control characters")]
    [InlineData("\\ud800", "Unicode")]
    public async Task Text_that_nobody_can_store_is_refused(string text, string words)
    {
        var problem = await RefusedAsync(
            ApiHost.Order("fine").Replace("Acme", text, StringComparison.Ordinal), HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "name", words);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/problem+json")]
    public async Task Another_media_type_is_refused(string mediaType)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(ApiHost.Order("fine")));
        content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        await RefusedAsync(content, HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(ApiHost.Order("fine")));
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        await RefusedAsync(content, HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Theory]
    [InlineData(false, 10 * 1024 * 1024)]
    [InlineData(true, 10 * 1024 * 1024)]
    [InlineData(false, 65 * 1024)]
    [InlineData(true, 65 * 1024)]
    public async Task A_body_over_the_limit_is_refused_with_and_without_its_length(bool chunked, int bytes)
    {
        var body = Encoding.UTF8.GetBytes(ApiHost.Order("fine", more: $$""", "customerName": "{{new string('x', bytes)}}" """));
        var content = chunked ? (HttpContent)new StreamContent(new NoLength(body)) : new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        var problem = await RefusedAsync(content, HttpStatusCode.RequestEntityTooLarge, "body-too-large");
        Assert.Contains("65,536", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ключ")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task An_unusable_idempotency_key_is_refused(string key)
    {
        var before = await host.CountRowsAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants") { Content = new StringContent(ApiHost.Order("fine"), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", ApiHost.ManagerToken);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = host.Address };
        using var answer = await client.SendAsync(request);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "unreadable-request");
        Assert.Equal(before, await host.CountRowsAsync());
    }

    private Task<JsonElement> RefusedAsync(string body, HttpStatusCode status, string kind) =>
        RefusedAsync(new StringContent(body, Encoding.UTF8, "application/json"), status, kind);

    private async Task<JsonElement> RefusedAsync(HttpContent body, HttpStatusCode status, string kind)
    {
        var before = await host.CountRowsAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants") { Content = body };
        request.Headers.Authorization = new("Bearer", ApiHost.ManagerToken);
        using var answer = await host.Client.SendAsync(request);
        var problem = await ProblemAssert.IsAsync(answer, status, kind);
        Assert.Equal(before, await host.CountRowsAsync());
        return problem;
    }

    private sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
