using System.Text.Json.Nodes;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>A backup becomes a new tenant, on a real PostgreSQL; each step failed and killed; the tenant that it was taken of is never touched.</summary>
public sealed class RestoreNewTenantTests
{
    /// <summary>Before and after each step; and within <c>backup.restore</c>, once the database has its name and the files do not.</summary>
    public static TheoryData<string> Boundaries => [.. Steps.OfRestoringIntoNew.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }), "log:BackupRestored"];

    public static TheoryData<string, bool> Failures
    {
        get
        {
            var failures = new TheoryData<string, bool>();
            foreach (var step in Steps.OfRestoringIntoNew)
            {
                failures.Add(step, false);
                failures.Add(step, true);
            }

            return failures;
        }
    }

    [Fact]
    public async Task A_backup_becomes_a_tenant_with_the_data_and_nothing_else_of_the_other()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new Copy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.EndOfAsync(await copy.OrderAsync(host.Api));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(Steps.OfRestoringIntoNew.Order(), end["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order());
        await copy.AssertWorksAsync(host.Api);

        // The copy goes without the other noticing.
        var gone = await host.Api.EndOfAsync(await host.Api.DestroyAsync(copy.Code, finalBackup: false));
        Assert.True((string?)gone["state"] == "succeeded", gone.ToString());
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Fact]
    public async Task The_last_backup_of_a_removed_tenant_becomes_a_tenant()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new Copy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation);
        await host.Api.EndOfAsync(await host.Api.DestroyAsync(source.Code, finalBackup: true));
        await using var command = source.Installation.Control.CreateCommand("select id from control.backups where kind = 'final'");
        var final = (string)(await command.ExecuteScalarAsync())!;

        var end = await host.Api.EndOfAsync(await copy.OrderAsync(host.Api, final));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal("after", await copy.ReadAsync("select value from ir_config_parameter where key = 'test.mark'"));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_step_that_fails_for_good_leaves_nothing(string step, bool afterTheEffect)
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new Copy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation, new FailureAt(step, afterTheEffect));

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api));

        Assert.Equal($"{step} fails, as the test wants", (string?)end["reason"]);
        Assert.All(end["inventory"]?["items"]?.AsArray() ?? [], item => Assert.Equal("absent", (string?)item!["state"]));
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_restore_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new Copy(source);
        string job;
        await using (var doomed = await KillableHost.StartAsync(source.Installation, boundary))
        {
            job = await copy.OrderAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await copy.AssertWorksAsync(host.Api);
    }

    [Fact]
    public async Task A_backup_that_was_tampered_with_makes_no_tenant()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new Copy(source);
        await source.TamperAsync();
        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api));

        Assert.Contains("backup", (string?)end["reason"], StringComparison.OrdinalIgnoreCase);
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    /// <summary>The new tenant.</summary>
    private sealed class Copy(BackedUpTenant source) : IAsyncDisposable
    {
        private const string IdentitySql = "select string_agg(key || '=' || value, ' ' order by key) from ir_config_parameter where key in ('database.uuid', 'database.secret')";
        private const string PasswordsSql = "select string_agg(login || ' ' || coalesce(password, ''), ',' order by id) from res_users where id > 2";

        public string Code { get; } = $"c{Guid.NewGuid().ToString("n")[..12]}";

        public async Task<string> OrderAsync(Api api, string? backup = null)
        {
            var command = new JsonObject { ["newTenant"] = new JsonObject { ["code"] = Code } };
            var (status, job, body) = await api.TryPostAsync($"/api/backups/{backup ?? source.BackupId}/restore", command);
            Assert.True(status == System.Net.HttpStatusCode.Accepted, body.ToString());
            return job!;
        }

        public Task<string> ReadAsync(string sql) => ReadAsync(Code, sql);

        public async Task AssertWorksAsync(Api api)
        {
            await source.Installation.ComesToRestAsync();
            var tenant = await api.GetAsync($"/api/tenants/{Code}");
            Assert.Equal("active", (string?)tenant["state"]);
            Assert.Equal([Code], await DatabasesAsync());
            source.Installation.AssertFileStores(Code, source.Code);
            Assert.Equal((true, false), (source.HasFile("before", Code), source.HasFile("after", Code)));
            Assert.Equal("before", await ReadAsync("select value from ir_config_parameter where key = 'test.mark'"));
            Assert.Equal($"https://{Code}.tenants.test", await ReadAsync("select value from ir_config_parameter where key = 'web.base.url'"));
            Assert.Equal("odoo", await ReadAsync("select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"));
            Assert.Equal("false", await ReadAsync("select datistemplate::text from pg_database where datname = current_database()"));
            Assert.NotEqual(await ReadAsync(source.Code, IdentitySql), await ReadAsync(IdentitySql));
            Assert.NotEqual(
                await ReadAsync(source.Code, "select password from res_users where login = 'admin'"), await ReadAsync("select password from res_users where login = 'admin'"));
            Assert.Equal(await ReadAsync(source.Code, "select name from res_company"), await ReadAsync("select name from res_company"));
            Assert.Equal(await ReadAsync(source.Code, $"select coalesce(({PasswordsSql}), '')"), await ReadAsync($"select coalesce(({PasswordsSql}), '')"));
            Assert.Single((await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray());
            await AssertSourceIsUntouchedAsync(api);
        }

        public async Task AssertNothingIsLeftAsync(Api api)
        {
            await source.Installation.ComesToRestAsync();
            Assert.Empty(await DatabasesAsync());
            source.Installation.AssertFileStores(source.Code);
            Assert.DoesNotContain(source.Installation.StoredFiles(), f => f.Contains(Code, StringComparison.Ordinal));
            var id = await source.Installation.CountAsync("select max(id) from control.tenants where code = $1", Code);
            Assert.Equal(0, await source.Installation.CountAsync("select count(*) from control.secrets where name like 'tenants/' || $1::text || '/%' or name like 'backups/' || $1::text || '/%'", id));
            Assert.Equal(0, await source.Installation.CountAsync("select count(*) from control.backups where tenant_id = $1", id));
            await AssertSourceIsUntouchedAsync(api);
        }

        public async ValueTask DisposeAsync() => await source.Installation.DropAsync(Code);

        private async Task AssertSourceIsUntouchedAsync(Api api)
        {
            Assert.Equal("after", await ReadAsync(source.Code, "select value from ir_config_parameter where key = 'test.mark'"));
            Assert.Equal("active", (string?)(await api.GetAsync($"/api/tenants/{source.Code}"))["state"]);
            Assert.Equal(["manual", "first"], await source.KindsAsync(api));
        }

        // Scratch databases too.
        private async Task<IReadOnlyList<string>> DatabasesAsync()
        {
            await using var admin = NpgsqlDataSource.Create(source.Installation.SuperuserConnectionString);
            return (await TenantAssertions.ScalarAsync<string[]>(admin, $"select coalesce(array_agg(datname::text), '{{}}') from pg_database where datname like '%{Code}%'")).ToList();
        }

        private async Task<string> ReadAsync(string database, string sql)
        {
            await using var tenant = source.Installation.OpenTenant(database);
            return await TenantAssertions.ScalarAsync<string>(tenant, sql);
        }
    }
}
