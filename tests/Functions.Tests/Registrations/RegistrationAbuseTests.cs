using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Registrations;
using Bibind.Functions.Requests;
using Bibind.Functions.Settings;
using Bibind.Functions.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Functions.Tests.Registrations;

/// <summary>A door that is open to everybody, and what people and programs try at such.</summary>
public sealed class RegistrationAbuseTests(RegistrationWorld world) : IClassFixture<RegistrationWorld>
{
    [Fact]
    public async Task Codes_and_addresses_cannot_be_told_from_answers_only_from_letters()
    {
        await world.Api.OrderTenantAsync("tenant");
        await world.RegisterAsync("held-by-other", "other@enum.example");
        using (var confirmed = await world.ConfirmAsync(await world.TokenAsync("had-one", "had@enum.example")))
        {
            Assert.Equal(HttpStatusCode.Accepted, confirmed.StatusCode);
        }

        var free = await AnswerAsync("free-name", "a@enum.example");
        Assert.Equal(free, await AnswerAsync("tenant", "b@enum.example"));
        Assert.Equal(free, await AnswerAsync("held-by-other", "c@enum.example"));
        Assert.Equal(free, await AnswerAsync("another", "Had+Again@enum.example"));
        Assert.Equal("refused taken", await world.StateAsync("tenant"));
        Assert.Equal("refused again", await world.StateAsync("another"));

        Assert.Contains("The name tenant is taken", Assert.Single(await world.LettersToAsync("b@enum.example")).TextBody, StringComparison.Ordinal);
        Assert.Contains("The name held-by-other is taken", Assert.Single(await world.LettersToAsync("c@enum.example")).TextBody, StringComparison.Ordinal);
        Assert.Contains("There has been a trial", Assert.Single(await world.LettersToAsync("Had+Again@enum.example")).TextBody, StringComparison.Ordinal);
        Assert.Equal("waiting", await world.Api.ScalarAsync<string>("select state from control.registrations where code = 'held-by-other' order by id limit 1"));
    }

    [Fact]
    public async Task An_address_and_a_network_register_so_often_an_hour_on_all_machines()
    {
        for (var i = 0; i < 5; i++)
        {
            await world.RegisterAsync($"flood-{i}", $"f{i}@flood.example", from: "203.0.113.5");
        }

        using var sixth = await world.PostAsync(RegistrationWorld.Body("flood-6", "f6@flood.example"), "203.0.113.5");
        await ProblemAssert.IsAsync(sixth, HttpStatusCode.TooManyRequests, "too-many-requests");
        Assert.InRange(sixth.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

        // Neighbours in the network share its limit of eight; what they say came before the trusted proxies is not believed.
        for (var i = 0; i < 3; i++)
        {
            await world.RegisterAsync($"near-{i}", $"n{i}@flood.example", from: $"1.2.3.{i}, 203.0.113.{10 + i}, 10.9.1.1");
        }

        using var ninth = await world.PostAsync(RegistrationWorld.Body("near-9", "n9@flood.example"), "8.8.8.8, 203.0.113.99");
        await ProblemAssert.IsAsync(ninth, HttpStatusCode.TooManyRequests, "too-many-requests");
        await world.RegisterAsync("elsewhere", "e@flood.example", from: "203.0.114.5");
        Assert.Equal(0, await world.Api.ScalarAsync<long>("select count(*) from control.registrations where code in ('flood-6', 'near-9')"));
    }

    [Fact]
    public async Task Twenty_at_once_do_not_pass_the_limit()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => world.PostAsync(RegistrationWorld.Body($"burst-{i}", $"b{i}@burst.example"), "192.0.2.77")));
        Assert.Equal(5, answers.Count(a => a.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(15, answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task A_mailbox_gets_so_many_letters_a_day_however_it_is_spelt()
    {
        await world.RegisterAsync("bomb-1", "v.ictim@gmail.com");
        await world.RegisterAsync("bomb-2", "VICTIM+2@googlemail.com");
        await world.RegisterAsync("bomb-3", "victim@GMAIL.com");
        await world.RegisterAsync("bomb-4", "Vic.tim+x@gmail.com");
        await world.Notices.SendAsync();
        Assert.Equal("refused often", await world.StateAsync("bomb-4"));
        Assert.Empty(await world.LettersToAsync("Vic.tim+x@gmail.com"));
        Assert.Equal(3, (await world.Notices.LettersAsync()).Count(l => l.To.Mailboxes.Single().Address.EndsWith("mail.com", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("""{"code": "admin", "name": "A", "email": "a@x.example"}""", "code", "reserved")]
    [InlineData("""{"code": "www", "name": "A", "email": "a@x.example"}""", "code", "reserved")]
    [InlineData("""{"code": "ACME", "name": "A", "email": "a@x.example"}""", "code", "lower-case")]
    [InlineData("""{"code": "\u0430cme", "name": "A", "email": "a@x.example"}""", "code", "lower-case")]
    [InlineData("""{"code": "acme\u200b", "name": "A", "email": "a@x.example"}""", "code", "cannot be seen")]
    [InlineData("""{"code": "\uff41cme", "name": "A", "email": "a@x.example"}""", "code", "lower-case")]
    [InlineData("""{"code": "xn--acme", "name": "A", "email": "a@x.example"}""", "code", "'--'")]
    [InlineData("""{"code": "acme\n", "name": "A", "email": "a@x.example"}""", "code", "lower-case")]
    [InlineData("""{"code": "../x", "name": "A", "email": "a@x.example"}""", "code", "lower-case")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example\r\nBcc: b@x.example"}""", "email", "control characters")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example, b@x.example"}""", "email", "no e-mail address")]
    [InlineData("""{"code": "ok", "name": "A", "email": "Jane <a@x.example>"}""", "email", "no e-mail address")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@localhost"}""", "email", "no e-mail address")]
    [InlineData("""{"code": "ok", "name": "A", "email": "jan\u00e9@x.example"}""", "email", "ASCII")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a\u202e@x.example"}""", "email", "cannot be seen")]
    [InlineData("""{"code": "ok", "name": "A", "email": 7}""", "email", "must be text")]
    [InlineData("""{"code": "ok", "name": "A\r\nBcc: b@x.example", "email": "a@x.example"}""", "name", "control characters")]
    [InlineData("""{"code": "ok", "name": "A", "contact": "J\nBcc: b@x.example", "email": "a@x.example"}""", "contact", "control characters")]
    [InlineData("""{"code": "ok", "name": "Win at https://casino.example", "email": "a@x.example"}""", "name", "address")]
    [InlineData("""{"code": "ok", "name": "A", "contact": "www.casino.example", "email": "a@x.example"}""", "contact", "address")]
    [InlineData("""{"code": "ok", "name": "", "email": "a@x.example"}""", "name", "1 to 128")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example", "offer": "odoo-dedicated"}""", "offer", "odoo-shared")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example", "plan": "enterprise"}""", "plan", "is unknown")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example", "customer": "C-1"}""", "customer", "is unknown")]
    [InlineData("""{"code": "ok", "name": "A", "email": "a@x.example", "language": "french"}""", "language", "fr_FR")]
    [InlineData("""{"name": "A", "email": "a@x.example"}""", "code", "is missing")]
    public async Task What_is_wrong_is_named_and_neither_counted_nor_kept(string json, string field, string words)
    {
        var before = await world.Api.ScalarAsync<string>("select (select count(*) from control.registrations) || ' ' || (select coalesce(sum(count), 0) from control.registration_counts)");
        using var answer = await world.PostAsync(json);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), field, words);
        Assert.Equal(before, await world.Api.ScalarAsync<string>("select (select count(*) from control.registrations) || ' ' || (select coalesce(sum(count), 0) from control.registration_counts)"));
    }

    [Fact]
    public async Task Names_are_printed_as_they_are_in_letters()
    {
        await world.RegisterAsync("script", "xss@x.example", from: null);
        using var answer = await world.PostAsync("""{"code": "script-two", "name": "<script>alert(1)</script>{{ 7 | times: 7 }}", "contact": "<img src=x onerror=alert(2)>", "email": "xss2@x.example"}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var letter = Assert.Single(await world.LettersToAsync("xss2@x.example"));
        Assert.DoesNotContain("<script>", letter.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", letter.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", letter.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("49", letter.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_large_or_no_json_is_refused()
    {
        using var large = await world.PostAsync(RegistrationWorld.Body("large", "a@x.example", $", \"x\": \"{new string('x', 70_000)}\""));
        await ProblemAssert.IsAsync(large, HttpStatusCode.RequestEntityTooLarge, "body-too-large");
        using var none = await world.PostAsync("[]");
        await ProblemAssert.IsAsync(none, HttpStatusCode.BadRequest, "unreadable-request");
        using var form = await world.PressAsync("token=" + new string('A', 70_000));
        Assert.Equal(HttpStatusCode.NotFound, form.StatusCode);
        using var fields = await world.PressAsync(string.Concat(Enumerable.Repeat("a=1&", 500)));
        Assert.Equal(HttpStatusCode.NotFound, fields.StatusCode);
    }

    [Theory]
    [InlineData("127.0.0.1", "9.9.9.9", "9.9.9.9")]
    [InlineData("127.0.0.1", "1.1.1.1, 9.9.9.9", "9.9.9.9")]
    [InlineData("127.0.0.1", "1.1.1.1, 9.9.9.9, 10.9.3.4", "9.9.9.9")]
    [InlineData("127.0.0.1", "9.9.9.9:4711", "9.9.9.9")]
    [InlineData("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("127.0.0.1", "1.1.1.1, nonsense", "127.0.0.1")]
    [InlineData("127.0.0.1", "", "127.0.0.1")]
    [InlineData("127.0.0.1", null, "127.0.0.1")]
    [InlineData("::ffff:127.0.0.1", "::ffff:9.9.9.9", "9.9.9.9")]
    [InlineData("8.8.8.8", "9.9.9.9", "8.8.8.8")]
    public void Only_a_trusted_proxy_says_where_a_request_comes_from(string peer, string? forwarded, string address)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        if (forwarded is not null)
        {
            context.Request.Headers["X-Forwarded-For"] = forwarded;
        }

        Assert.Equal(IPAddress.Parse(address), ClientAddress.Of(context, new RegistrationOptions { TrustedProxies = "127.0.0.0/8, 10.9.0.0/16" }.Proxies()));
    }

    [Fact]
    public void What_is_wrong_with_the_settings_is_named_at_once()
    {
        var refused = Assert.Throws<SettingsException>(() => FunctionsHost.Build([.. world.Api.Arguments().Where(a => !a.StartsWith("--Notices:Mail", StringComparison.Ordinal)
            && !a.StartsWith("--Registration", StringComparison.Ordinal)), "--Registration:Enabled=true", "--Registration:TrustedProxies=everybody"]));
        foreach (var name in new[] { "Registration__Offers", "Registration__ConfirmUrl", "Notices__Mail__Host", "Registration__TrustedProxies" })
        {
            Assert.Contains(refused.Problems, p => p.Contains(name, StringComparison.Ordinal));
        }
    }

    private async Task<string> AnswerAsync(string code, string email)
    {
        using var answer = await world.PostAsync(RegistrationWorld.Body(code, email));
        var body = await ApiHost.JsonAsync(answer);
        return $"{(int)answer.StatusCode} {string.Join(',', answer.Headers.Select(h => h.Key).Order(StringComparer.Ordinal))} {string.Join(',', body.EnumerateObject().Select(m => m.Name))} {body.GetProperty("expiresAt").ValueKind == JsonValueKind.String}";
    }
}
