using System.Text.Json;
using Bibind.ControlPlane.Support;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Cli;

/// <summary>Operators ask for, are let into, are shown and end accesses from the command line, and customers decide there; as processes against the running product.</summary>
public sealed class CliSupportTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Anna = "customers-anna-token-0123456789";
    private const string Olga = "operator-olga-token-0123456789ab";
    private const string Password = "secret-of-the-access";

    private readonly CliProgram _cli = new();
    private readonly ApiHost _host = new(postgres)
    {
        More =
        [
            "--Auth:Tokens:3:Name=anna", $"--Auth:Tokens:3:Token={Anna}", "--Auth:Tokens:3:Role=manager", "--Auth:Tokens:3:Customer=c-anna",
            "--Auth:Tokens:4:Name=olga", $"--Auth:Tokens:4:Token={Olga}", "--Auth:Tokens:4:Role=manager",
        ],
    };

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        await _host.OrderTenantAsync("anna");
        await _host.ExecuteAsync(
            """
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'anna';
            update control.tenants set state = 'active', activated_at = now(), customer = 'c-anna' where code = 'anna';
            """);
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task An_access_is_asked_for_listed_shown_its_credentials_once_and_ended()
    {
        var asked = await RunAsync(ApiHost.ManagerToken, "support", "request", "anna", "--reason", "ticket 7", "--level", "administrator", "--minutes", "30", "-o", "json");
        Assert.Equal((0, string.Empty), (asked.ExitCode, asked.Errors));
        var access = JsonDocument.Parse(asked.Output).RootElement;
        var id = access.GetProperty("id").GetInt64();
        Assert.Equal(("granting", "administrator", 30), (access.GetProperty("state").GetString(), access.GetProperty("level").GetString(), access.GetProperty("minutes").GetInt32()));

        // Once more it is the same; beside it there is no other.
        var again = await RunAsync(ApiHost.ManagerToken, "support", "request", "anna", "--reason", "ticket 7", "--level", "administrator", "--minutes", "30", "-o", "name");
        var other = await RunAsync(ApiHost.ManagerToken, "support", "request", "anna", "--reason", "ticket 8");
        Assert.Equal((0, $"{id}\n", 3), (again.ExitCode, again.Output, other.ExitCode));
        Assert.NotEqual(string.Empty, other.Errors);

        var early = await RunAsync(ApiHost.ManagerToken, "support", "credentials", "anna", $"{id}", "--yes");
        Assert.Equal(3, early.ExitCode);
        await OpenAsync(id);
        var list = await RunAsync(ApiHost.ManagerToken, "support", "list", "anna", "--filter", "state=open");
        var none = await RunAsync(ApiHost.ManagerToken, "support", "list", "anna", "--filter", "state=ended", "-o", "name");
        Assert.Matches($@"(?m)^{id} +anna +open +administrator +sales ", list.Output);
        Assert.Equal((0, string.Empty), (none.ExitCode, none.Output));

        var unasked = await RunAsync(ApiHost.ManagerToken, "support", "credentials", "anna", $"{id}");
        var stranger = await RunAsync(Olga, "support", "credentials", "anna", $"{id}", "--yes");
        var shown = await RunAsync(ApiHost.ManagerToken, "support", "credentials", "anna", $"{id}", "--yes");
        var twice = await RunAsync(ApiHost.ManagerToken, "support", "credentials", "anna", $"{id}", "--yes");
        Assert.Equal((2, 3, 0, 3), (unasked.ExitCode, stranger.ExitCode, shown.ExitCode, twice.ExitCode));
        Assert.Matches($@"(?m)^PASSWORD +{Password}$", shown.Output);
        Assert.DoesNotContain(Password, string.Join('\n', unasked, stranger, twice, shown.Errors), StringComparison.Ordinal);

        var revoked = await RunAsync(ApiHost.ManagerToken, "support", "revoke", "anna", $"{id}", "--reason", "solved");
        var late = await RunAsync(ApiHost.ManagerToken, "support", "credentials", "anna", $"{id}", "--yes");
        Assert.Equal((0, 3), (revoked.ExitCode, late.ExitCode));
        Assert.Matches("(?m)^REVOKED BY +sales$", revoked.Output);
    }

    [Theory]
    [InlineData("approve", "granting")]
    [InlineData("refuse", "refused")]
    public async Task The_customer_decides_and_no_operator(string decision, string state)
    {
        await _host.ExecuteAsync("update control.plans set support_consent = true; update control.tenants t set plan_version = p.version from control.plans p where p.code = t.plan");
        var id = (await RunAsync(ApiHost.ManagerToken, "support", "request", "anna", "--reason", "ticket 7", "-o", "name")).Output.Trim();

        var own = await RunAsync(ApiHost.ManagerToken, "support", decision, "anna", id);
        var admin = await RunAsync(ApiHost.AdminToken, "support", decision, "anna", id);
        var decided = await RunAsync(Anna, "support", decision, "anna", id, "--reason", "as agreed");
        var changed = await RunAsync(Anna, "support", decision == "approve" ? "refuse" : "approve", "anna", id);
        var shown = await RunAsync(Anna, "support", "show", "anna", id);

        Assert.Equal((3, 3, 0, 3, 0), (own.ExitCode, admin.ExitCode, decided.ExitCode, changed.ExitCode, shown.ExitCode));
        Assert.Matches($"(?m)^STATE +{state}$", shown.Output);
        Assert.Matches("(?m)^DECIDED BY +anna$", shown.Output);
        Assert.Matches("(?m)^DECISION +as agreed$", shown.Output);
    }

    [Theory]
    [InlineData(ApiHost.ViewerToken, 3, "request", "anna", "--reason", "ticket 7")]
    [InlineData(ApiHost.ManagerToken, 2, "request", "anna")]
    [InlineData(ApiHost.ManagerToken, 3, "request", "anna", "--reason", "ticket 7", "--level", "root")]
    [InlineData(ApiHost.ManagerToken, 4, "request", "nobody", "--reason", "ticket 7")]
    [InlineData(ApiHost.ManagerToken, 4, "show", "anna", "4711")]
    [InlineData(ApiHost.ManagerToken, 4, "revoke", "anna", "4711")]
    [InlineData(ApiHost.ManagerToken, 4, "credentials", "anna", "4711", "--yes")]
    [InlineData(Anna, 3, "request", "anna", "--reason", "ticket 7")]
    public async Task The_exit_code_says_what_went_wrong(string token, int expected, params string[] arguments)
    {
        var result = await RunAsync(token, ["support", .. arguments]);

        Assert.Equal(expected, result.ExitCode);
        Assert.NotEqual(string.Empty, result.Errors);
        Assert.Equal(string.Empty, result.Output);
    }

    // What the job does is done for it here: it has tests of its own.
    private async Task OpenAsync(long id)
    {
        await _host.Services.GetRequiredService<SupportSecrets>().PasswordAsync(
            await _host.ScalarAsync<long>("select id from control.tenants where code = 'anna'"), id, () => Password, TestContext.Current.CancellationToken);
        await _host.ExecuteAsync($"update control.support_accesses set state = 'open', opened_at = now(), expires_at = now() + interval '1 hour' where id = {id}");
    }

    private Task<CliResult> RunAsync(string token, params string[] arguments) =>
        _cli.RunAsync(new Dictionary<string, string> { ["BIBIND_URL"] = _host.Address.ToString(), ["BIBIND_TOKEN"] = token }, arguments);
}
