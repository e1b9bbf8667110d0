using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Notices;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Xunit;

namespace Bibind.Functions.Tests.Registrations;

/// <summary>A host that is open for registrations, behind a proxy that is trusted, with a real mail server.</summary>
public sealed partial class RegistrationWorld(PostgresServer postgres) : IAsyncLifetime
{
    public const string ConfirmUrl = "https://api.example.test/registrations/confirm";
    private int _network;

    public NoticeWorld Notices { get; private set; } = null!;

    public ApiHost Api => Notices.Host;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Notices = await NoticeWorld.StartAsync(
            postgres, await MailServer.StartAsync("none"), "--Registration:Enabled=true", "--Registration:Offers=odoo-shared", $"--Registration:ConfirmUrl={ConfirmUrl}",
            "--Registration:PerNetwork=8", "--Registration:TrustedProxies=127.0.0.0/8, 10.9.0.0/16");
        using var plan = await Api.SendAsync(HttpMethod.Patch, "/api/plans/starter", ApiHost.AdminToken, """{"trialDays": 14, "reason": "trials"}""", ifMatch: "*");
        Assert.Equal(HttpStatusCode.OK, plan.StatusCode);
    }

    public ValueTask DisposeAsync() => Notices.DisposeAsync();

    /// <summary>An address in a network that nobody has used.</summary>
    public string NewAddress() => $"198.{Interlocked.Increment(ref _network) / 200}.{_network % 200}.7";

    public static string Body(string code, string email, string more = "") => $$"""{"code": "{{code}}", "name": "Acme Ltd", "contact": "Jane", "email": "{{email}}"{{more}}}""";

    public Task<HttpResponseMessage> PostAsync(string json, string? from = null, string path = "/api/registrations")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", from ?? NewAddress());
        return Api.Client.SendAsync(request, Token);
    }

    /// <summary>Registers; it must be taken.</summary>
    public async Task RegisterAsync(string code, string email, string more = "", string? from = null)
    {
        using var answer = await PostAsync(Body(code, email, more), from);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Registers and answers the token of the letter.</summary>
    public async Task<string> TokenAsync(string code, string email, string more = "")
    {
        await RegisterAsync(code, email, more);
        return TokenIn((await LettersToAsync(email))[^1]);
    }

    public static string TokenIn(MimeMessage letter) => Link().Match(letter.TextBody!).Groups["token"].Value;

    public async Task<IReadOnlyList<MimeMessage>> LettersToAsync(string email)
    {
        await Notices.SendAsync();
        return [.. (await Notices.LettersAsync()).Where(l => l.To.Mailboxes.Any(m => string.Equals(m.Address, email, StringComparison.OrdinalIgnoreCase)))];
    }

    public Task<HttpResponseMessage> ConfirmAsync(string token) => PostAsync(JsonSerializer.Serialize(new { token }), path: "/api/registrations/confirm");

    public Task<HttpResponseMessage> PressAsync(string form)
    {
        var content = new StringContent(form, Encoding.ASCII);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        return Api.Client.PostAsync("/registrations/confirm?lang=fr", content, Token);
    }

    public Task TickAsync() => ActivatorUtilities.CreateInstance<KeepRegistrations>(Api.Services).RunAsync(new TimerTick("keepRegistrations", DateTimeOffset.UtcNow), Token);

    public Task<string> StateAsync(string code) => Api.ScalarAsync<string>(
        $"select concat_ws(' ', state, cause) from control.registrations where code = '{code}' order by id desc limit 1");

    public Task<long> TenantsAsync(string code) => Api.ScalarAsync<long>($"select count(*) from control.tenants where code = '{code}'");

    [GeneratedRegex(@"https://api\.example\.test/registrations/confirm\?token=(?<token>[A-Za-z0-9_-]{43})&lang=[a-z]+")]
    private static partial Regex Link();
}
