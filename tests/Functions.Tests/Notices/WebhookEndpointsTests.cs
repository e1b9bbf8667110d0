using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Notices;

/// <summary>Endpoints on a host that posts to the internet only, as it is unless set otherwise.</summary>
public sealed class WebhookEndpointsTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("http://console.example.com/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://10.1.2.3/x")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:169.254.169.254]/latest/meta-data")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://localhost/")]
    [InlineData("https://database.internal/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://user:password@console.example.com/")]
    [InlineData("ftp://console.example.com/")]
    [InlineData("not an address")]
    public async Task An_address_that_leads_inside_is_refused(string url)
    {
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/webhook-endpoints", ApiHost.AdminToken, JsonSerializer.Serialize(new { url }));

        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.True(problem.GetProperty("errors").TryGetProperty("url", out _));
    }

    [Fact]
    public async Task The_secret_is_shown_once_and_kept_encrypted()
    {
        using var made = await host.SendAsync(
            HttpMethod.Post, "/api/webhook-endpoints", ApiHost.AdminToken, """{"url": "https://console.example.com/in?key=geheim", "kinds": ["welcome"], "description": "The console"}""");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var body = await ApiHost.JsonAsync(made);
        var (id, secret) = (body.GetProperty("endpoint").GetProperty("id").GetInt64(), body.GetProperty("secret").GetString()!);
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", secret);

        using var shown = await host.GetAsync($"/api/webhook-endpoints/{id}", ApiHost.AdminToken);
        using var listed = await host.GetAsync("/api/webhook-endpoints", ApiHost.AdminToken);
        Assert.DoesNotContain(secret, await shown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, await listed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.secrets where position('{secret[6..]}' in encode(ciphertext, 'escape')) > 0"));

        using var stale = await host.SendAsync(HttpMethod.Patch, $"/api/webhook-endpoints/{id}", ApiHost.AdminToken, """{"description": null}""", ifMatch: "\"99\"");
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var changed = await host.SendAsync(HttpMethod.Patch, $"/api/webhook-endpoints/{id}", ApiHost.AdminToken, """{"description": null}""", ifMatch: shown.Headers.ETag!.ToString());
        Assert.Equal(JsonValueKind.Null, (await ApiHost.JsonAsync(changed)).GetProperty("description").ValueKind);
        using var deleted = await host.SendAsync(HttpMethod.Delete, $"/api/webhook-endpoints/{id}", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.secrets where starts_with(name, '{WebhookSecrets.PrefixOf(id)}/')"));
        using var gone = await host.SendAsync(HttpMethod.Post, $"/api/webhook-endpoints/{id}/test", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(gone, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task A_notice_that_nobody_is_told_cannot_be_sent_again()
    {
        await host.ExecuteAsync("insert into control.notices (kind, subject, cause, data, created_at) values ('job-failed', 'installation', 'none', '{}', now())");
        var id = await host.ScalarAsync<long>("select max(id) from control.notices");

        using var answer = await host.SendAsync(HttpMethod.Post, $"/api/notices/{id}/resend", ApiHost.ManagerToken);

        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "nobody-to-tell");
    }
}
