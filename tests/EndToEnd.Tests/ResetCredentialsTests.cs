using System.Net;
using System.Text.Json.Nodes;
using Bibind.Activities.Credentials;

namespace Bibind.EndToEnd.Tests;

/// <summary>New passwords: the application has those that are shown, whatever kills the host in between.</summary>
public sealed class ResetCredentialsTests
{
    private const string User = "anna@example.com";

    public static TheoryData<string> Boundaries =>
    [
        "after:credentials.begin_reset", "before:application.reset_passwords", "after:application.reset_passwords", "before:credentials.complete_reset",
        "after:credentials.complete_reset", "after:credentials.end_reset",
    ];

    [Fact]
    public async Task New_passwords_are_those_that_the_application_has_and_are_shown_once()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);
        await ProvisionAsync(installation, host.Api);
        var first = await RevealAsync(installation, host.Api);

        var job = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{installation.Code}/credentials/reset"));

        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        Assert.Empty(job["notes"]!.AsArray());
        var second = await RevealAsync(installation, host.Api);
        Assert.NotEqual(first["administrator"]!["password"]!.GetValue<string>(), second["administrator"]!["password"]!.GetValue<string>());
        await AssertWorksAsync(installation, second);
        var (status, _, _) = await host.Api.TryPostAsync($"/api/tenants/{installation.Code}/credentials/reveal", []);
        Assert.Equal(HttpStatusCode.Gone, status);
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.secrets where name like '%/new/%'"));
        var history = await host.Api.GetAsync($"/api/jobs/{job["id"]!.GetValue<string>()}/history?full=true");
        Assert.DoesNotContain(second["administrator"]!["password"]!.GetValue<string>(), history.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_standard_user_who_is_not_there_is_named_and_keeps_the_password_it_is_to_have()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);
        await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        var job = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{installation.Code}/credentials/reset"));

        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        Assert.Contains("no standard user", Assert.Single(job["notes"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%/user' and updated_at = created_at"));
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_reset_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(installation))
        {
            await ProvisionAsync(installation, first.Api);
            await RevealAsync(installation, first.Api);
        }

        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.PostAsync($"/api/tenants/{installation.Code}/credentials/reset");
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await AssertWorksAsync(installation, await RevealAsync(installation, host.Api));
    }

    // No application runs here, which would make the standard user.
    private static async Task ProvisionAsync(Installation installation, Api api)
    {
        var job = await api.EndOfAsync(await api.OrderByWebhookAsync(installation.Code));
        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        await installation.ComesToRestAsync();
        await using var database = installation.OpenTenant(installation.Code);
        await using var command = database.CreateCommand(
            $"insert into res_users (login, password, active, share, company_id, partner_id, notification_type) select '{User}', 'x', true, false, company_id, partner_id, notification_type from res_users where login = 'admin'");
        Assert.Equal(1, await command.ExecuteNonQueryAsync());

        // No application answers here, so he was put off.
        await using var done = installation.Control.CreateCommand("delete from control.pending_items where kind = 'standard-user'");
        Assert.Equal(1, await done.ExecuteNonQueryAsync());
    }

    private static async Task<JsonObject> RevealAsync(Installation installation, Api api)
    {
        var (status, _, body) = await api.TryPostAsync($"/api/tenants/{installation.Code}/credentials/reveal", []);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    private static async Task AssertWorksAsync(Installation installation, JsonObject shown)
    {
        foreach (var person in new[] { "administrator", "user" })
        {
            var login = shown[person]!["login"]!.GetValue<string>();
            await using var database = installation.OpenTenant(installation.Code);
            var hash = await TenantAssertions.ScalarAsync<string>(database, $"select password from res_users where login = '{login}' and active");
            Assert.True(PasslibPbkdf2Sha512.Verify(shown[person]!["password"]!.GetValue<string>(), hash), $"{login} cannot sign in");
        }
    }
}
