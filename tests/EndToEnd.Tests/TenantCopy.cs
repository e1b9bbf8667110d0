using System.Text.Json.Nodes;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>The tenant that a backup of another becomes.</summary>
internal sealed class TenantCopy(BackedUpTenant source) : IAsyncDisposable
{
    private const string IdentitySql = "select string_agg(key || '=' || value, ' ' order by key) from ir_config_parameter where key in ('database.uuid', 'database.secret')";
    private const string PasswordsSql = "select string_agg(login || ' ' || coalesce(password, ''), ',' order by id) from res_users where id > 2";

    public string Code { get; } = $"c{Guid.NewGuid().ToString("n")[..12]}";

    public Task<string> OrderAsync(Api api, string? backup = null)
    {
        var command = new JsonObject { ["newTenant"] = new JsonObject { ["code"] = Code } };
        return api.PostAsync($"/api/backups/{backup ?? source.BackupId}/restore", command);
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
