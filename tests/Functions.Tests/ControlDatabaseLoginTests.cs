using System.Net;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The control database's password is changed while hosts run, by a second login of the owner, as docs/keys.md says.</summary>
public sealed class ControlDatabaseLoginTests(PostgresServer postgres)
{
    private const string Former = "bibind_login_a";
    private const string Next = "bibind_login_b";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Hosts_with_either_login_work_side_by_side_until_the_former_one_is_closed()
    {
        var owner = await postgres.CreateControlDatabaseAsync();
        await AddLoginAsync(Former);
        await using var before = new ApiHost(postgres) { ControlDatabase = As(owner, Former) };
        await before.InitializeAsync();
        await AddLoginAsync(Next);
        await using var after = new ApiHost(postgres) { ControlDatabase = As(owner, Next) };
        await after.InitializeAsync();

        // Orders that come to their end, with the steps of either host.
        var jobs = new[] { await before.OrderTenantAsync($"{ScriptedOrchestrators.FailingPrefix}-a"), await after.OrderTenantAsync($"{ScriptedOrchestrators.FailingPrefix}-b") };
        foreach (var (host, job) in new[] { (before, jobs[1]), (after, jobs[0]) })
        {
            await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");
        }

        Assert.Equal(0, await after.ScalarAsync<long>(
            $"select count(*) from pg_class join pg_roles r on r.oid = relowner where rolname in ('{Former}', '{Next}')"));

        await postgres.RunAsync($"alter role {Former} nologin");
        await postgres.RunAsync($"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{Former}'");
        await Eventually.UntilAsync(async () => (await before.GetAsync("/health/ready", token: null)).StatusCode == HttpStatusCode.ServiceUnavailable, Limit, "the former login is closed");
        await after.WaitAsync($"/api/jobs/{await after.OrderTenantAsync($"{ScriptedOrchestrators.FailingPrefix}-c")}", j => j.GetProperty("state").GetString() == "failed");
        using var ready = await after.GetAsync("/health/ready", token: null);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    private Task AddLoginAsync(string name) => postgres.RunAsync(
        $"create role {name} login password '{name}-password' in role {LocalServer.ControlRole}; alter role {name} set role = '{LocalServer.ControlRole}'");

    private static string As(string owner, string login) =>
        new NpgsqlConnectionStringBuilder(owner) { Username = login, Password = $"{login}-password" }.ConnectionString;
}
