using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.Testing;
using Bibind.Testing.Servers;
using MimeKit;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process between a registration and its letter, between the proof and the order, and before the answer to the proof. A letter comes, the name
/// is held meanwhile, and there is one tenant.
/// </summary>
public sealed partial class KillRegistrationTests
{
    private const string Email = "jane@acme.example";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_registration_whose_host_is_killed_gets_its_letter_and_one_tenant()
    {
        await using var mail = await MailServer.StartAsync("none");
        await using var installation = await Installation.CreateAsync();
        Configure(installation.Settings, mail);
        using var http = new HttpClient();

        await using (var doomed = await KillableHost.StartAsync(installation, "log:RegistrationTaken"))
        {
            await OfferTrialsAsync(http, doomed.Address);
            await Api.DiesOfAsync(() => RegisterAsync(http, doomed.Address, installation.Code, Email));
            await doomed.DiesAsync();
        }

        string token;
        await using (var doomed = await KillableHost.StartAsync(installation, "sql:insert into control.tenants ("))
        {
            token = TokenIn(await LetterToAsync(mail, Email));

            // The name is held for whom the letter went to.
            Assert.Equal(HttpStatusCode.Accepted, await RegisterAsync(http, doomed.Address, installation.Code, "eve@other.example"));
            Assert.Contains(installation.Code, (await LetterToAsync(mail, "eve@other.example")).TextBody, StringComparison.Ordinal);
            Assert.Equal("refused taken", await StateAsync(installation, "eve@other.example"));

            await Api.DiesOfAsync(() => ConfirmAsync(http, doomed.Address, token));
            await doomed.DiesAsync();
        }

        Assert.Equal(("waiting", 0), (await StateAsync(installation, Email), await TenantsAsync(installation)));
        await using (var doomed = await KillableHost.StartAsync(installation, "answering:/api/registrations/confirm"))
        {
            var (status, _, _) = await doomed.Api.TryPostAsync("/api/tenants", new JsonObject { ["code"] = installation.Code, ["name"] = "Eve", ["offer"] = "odoo-shared" });
            Assert.Equal(HttpStatusCode.Conflict, status);
            await Api.DiesOfAsync(() => ConfirmAsync(http, doomed.Address, token));
            await doomed.DiesAsync();
        }

        Assert.Equal(("ordered", 1), (await StateAsync(installation, Email), await TenantsAsync(installation)));
        await using var host = await InProcessHost.StartAsync(installation);
        Assert.Equal(HttpStatusCode.Gone, await ConfirmAsync(http, host.Address, token));
        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from control.tenants where state = 'active'") == 1, Patience, "the tenant works");
        await installation.ComesToRestAsync();
        Assert.Equal((1, 1), (await TenantsAsync(installation), await installation.CountAsync("select count(*) from control.jobs where kind = 'provision'")));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.notices where kind = 'registration-confirm'"));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.subscriptions where state = 'trial'"));
    }

    private static void Configure(Dictionary<string, string> settings, MailServer mail)
    {
        settings["Notices:Mail:Host"] = "127.0.0.1";
        settings["Notices:Mail:Port"] = $"{mail.Port}";
        settings["Notices:Mail:Security"] = mail.Tls;
        settings["Notices:Mail:From"] = "noreply@bibind.test";
        settings["Notices:Interval"] = "00:00:01";
        settings["Registration:Enabled"] = "true";
        settings["Registration:Offers"] = "odoo-shared";
        settings["Registration:ConfirmUrl"] = "https://api.example.test/registrations/confirm";
    }

    private static async Task OfferTrialsAsync(HttpClient http, Uri host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri(host, "/api/plans/starter"))
        {
            Content = JsonContent.Create(new { trialDays = 14, reason = "trials" }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Installation.Token);
        request.Headers.IfMatch.Add(EntityTagHeaderValue.Any);
        using var answer = await http.SendAsync(request);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<HttpStatusCode> RegisterAsync(HttpClient http, Uri host, string code, string email)
    {
        using var answer = await http.PostAsJsonAsync(new Uri(host, "/api/registrations"), new { code, name = "Acme Ltd", contact = "Jane", email });
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> ConfirmAsync(HttpClient http, Uri host, string token)
    {
        using var answer = await http.PostAsJsonAsync(new Uri(host, "/api/registrations/confirm"), new { token });
        return answer.StatusCode;
    }

    private static async Task<MimeMessage> LetterToAsync(MailServer mail, string email)
    {
        var letters = await Eventually.UntilAsync(
            async () => (await mail.MessagesAsync()).Where(m => m.To.Contains(email)).ToList(), l => l.Count > 0, Patience, $"a letter to {email} comes");
        return await MimeMessage.LoadAsync(new MemoryStream(letters[0].Raw));
    }

    private static string TokenIn(MimeMessage letter) => Link().Match(letter.TextBody!).Groups["token"].Value;

    private static async Task<string> StateAsync(Installation installation, string email)
    {
        await using var command = installation.Control.CreateCommand("select concat_ws(' ', state, cause) from control.registrations where email = $1");
        command.Parameters.Add(new() { Value = email });
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static Task<long> TenantsAsync(Installation installation) => installation.CountAsync("select count(*) from control.tenants");

    [GeneratedRegex("token=(?<token>[A-Za-z0-9_-]{43})&")]
    private static partial Regex Link();
}
