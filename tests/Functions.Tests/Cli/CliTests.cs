using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;
using YamlDotNet.Serialization;

namespace Bibind.Functions.Tests.Cli;

/// <summary>The command line against the running product: what it writes, how it ends.</summary>
public sealed class CliTests(ApiHost host) : IClassFixture<ApiHost>, IDisposable
{
    private readonly CliProgram _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task An_order_is_followed_to_its_end()
    {
        using var create = _cli.Start(With(ApiHost.ManagerToken), ["tenants", "create", "followed", "--name", "Followed Ltd", "--offer", "odoo-shared"]);
        var job = await JobOfAsync("followed");
        await host.Tasks.RaiseEventAsync(job, ScriptedOrchestrators.End, "");

        var result = await create.EndAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Matches($@"(?m)^ID +{job}$", result.Output);
        Assert.Matches(@"(?m)^STATE +succeeded$", result.Output);
    }

    [Fact]
    public async Task A_job_that_fails_ends_with_1_and_shows_the_steps_with_their_reasons()
    {
        var result = await RunAsync(ApiHost.ManagerToken, "tenants", "create", $"{ScriptedOrchestrators.FailingPrefix}-cli", "--name", "Failing", "--offer", "odoo-shared");

        Assert.Equal(1, result.ExitCode);
        Assert.Matches(@"(?m)^done +storage\.\S+ .*attempt 2", result.Errors);
        Assert.Matches(@"(?m)^failed +routing\.publish .*: The route could not be published", result.Errors);
        Assert.Matches(@"(?m)^STATE +failed$", result.Output);
    }

    [Fact]
    public async Task An_interrupted_watch_says_how_to_follow_and_the_job_goes_on()
    {
        var job = await host.OrderTenantAsync("interrupted");
        using var watch = _cli.Start(With(ApiHost.ViewerToken), ["jobs", "watch", job]);
        await watch.UntilSaidAsync($"Job {job}");
        await watch.InterruptAsync();

        var result = await watch.EndAsync();

        Assert.Equal(130, result.ExitCode);
        Assert.Contains($"Job {job} goes on. Follow it again: bibind jobs watch {job}", result.Errors, StringComparison.Ordinal);
        using var answer = await host.GetAsync($"/api/jobs/{job}");
        Assert.Equal("running", (await ApiHost.JsonAsync(answer)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task An_order_that_is_not_waited_for_writes_the_jobs_id_alone_for_other_programs()
    {
        var result = await RunAsync(ApiHost.ManagerToken, "tenants", "create", "piped", "--name", "Piped", "--offer", "odoo-shared", "--no-wait", "-o", "name");

        Assert.Equal((0, await JobOfAsync("piped") + "\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task A_list_is_as_the_API_answers_in_JSON_and_in_YAML()
    {
        await host.OrderTenantAsync("listed");
        using var answer = await host.GetAsync("/api/tenants/listed");
        var name = (await ApiHost.JsonAsync(answer)).GetProperty("name").GetString();

        var json = await RunAsync(ApiHost.ViewerToken, "tenants", "show", "listed", "-o", "json");
        var yaml = await RunAsync(ApiHost.ViewerToken, "tenants", "show", "listed", "-o", "yaml");
        var names = await RunAsync(ApiHost.ViewerToken, "tenants", "list", "-o", "name", "--limit", "0", "--filter", "state=provisioning");

        Assert.Equal(name, JsonDocument.Parse(json.Output).RootElement.GetProperty("name").GetString());
        Assert.Equal(name, new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(yaml.Output)["name"]);
        Assert.Contains("listed\n", names.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_is_cut_says_so_beside_the_result()
    {
        await host.OrderTenantAsync("cut-a");
        await host.OrderTenantAsync("cut-b");

        var result = await RunAsync(ApiHost.ViewerToken, "tenants", "list", "--limit", "1");

        Assert.Equal(2, result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("CODE ", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"^1 of \d+ are shown; --limit 0 shows all\.\n$", result.Errors);
    }

    [Fact]
    public async Task A_refusal_names_every_wrong_field()
    {
        var result = await RunAsync(ApiHost.ManagerToken, "tenants", "create", "Wrong_Code", "--name", "x", "--offer", "odoo-shared", "--email", "nobody");

        Assert.Equal(3, result.ExitCode);
        Assert.Matches(@"(?m)^  code: ", result.Errors);
        Assert.Matches(@"(?m)^  customerEmail: ", result.Errors);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData(ApiHost.ViewerToken, 3, "tenants", "create", "refused", "--name", "x", "--offer", "odoo-shared")]
    [InlineData("unknown-token-0123456789abcdef", 3, "jobs", "list")]
    [InlineData(ApiHost.ViewerToken, 4, "tenants", "show", "nobody-has-this")]
    [InlineData(ApiHost.ViewerToken, 4, "jobs", "watch", "no-such-job")]
    [InlineData(ApiHost.ViewerToken, 2, "tenants", "lst")]
    [InlineData(ApiHost.ViewerToken, 2, "tenants", "list", "--filter", "colour=red")]
    [InlineData(ApiHost.ViewerToken, 3, "tenants", "list", "--filter", "state=blue")]
    [InlineData(ApiHost.AdminToken, 2, "tenants", "destroy", "nobody-has-this")]
    [InlineData(ApiHost.AdminToken, 4, "tenants", "destroy", "nobody-has-this", "--yes")]
    public async Task The_exit_code_says_what_went_wrong(string token, int expected, params string[] arguments)
    {
        var result = await RunAsync(token, arguments);

        Assert.Equal(expected, result.ExitCode);
        Assert.NotEqual("", result.Errors);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task An_API_that_does_not_answer_ends_with_5()
    {
        var result = await _cli.RunAsync(new Dictionary<string, string> { ["BIBIND_URL"] = "http://127.0.0.1:1", ["BIBIND_TOKEN"] = "some-token" }, ["jobs", "list"]);

        Assert.Equal(5, result.ExitCode);
    }

    [Fact]
    public async Task The_shell_is_told_what_may_follow()
    {
        var result = await RunAsync(ApiHost.ViewerToken, "[suggest:13]", "bibind tenant");
        var script = await RunAsync(ApiHost.ViewerToken, "completion", "bash");

        Assert.Contains("tenants", result.Output.Split('\n'));
        Assert.Contains("complete -F _bibind bibind", script.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_would_steer_a_terminal_is_shown_instead()
    {
        await host.OrderTenantAsync("hostile");
        await host.ExecuteAsync("update control.tenants set name = E'\\x1b[2J\\x1b]0;owned\\x07' where code = 'hostile'");

        var result = await RunAsync(ApiHost.ViewerToken, "tenants", "show", "hostile");

        Assert.DoesNotContain('\u001b', result.Output);
        Assert.Contains("\\u{1b}[2J", result.Output, StringComparison.Ordinal);
    }

    private Task<CliResult> RunAsync(string token, params string[] arguments) => _cli.RunAsync(With(token), arguments);

    private Dictionary<string, string> With(string token) => new() { ["BIBIND_URL"] = host.Address.ToString(), ["BIBIND_TOKEN"] = token };

    private Task<string> JobOfAsync(string code) => Eventually.UntilAsync(
        () => host.ScalarAsync<string>($"select coalesce(max(id), '') from control.jobs where tenant_code = '{code}'"), id => id.Length > 0, TimeSpan.FromSeconds(60), "it is ordered");
}
