using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>The staging copy of a tenant that has mail servers, crons and keys.</summary>
internal sealed class StagedTenant(BackedUpTenant source) : IAsyncDisposable
{
    private const string LoudSql =
        """
        select (select count(*) from ir_cron where active) + (select count(*) from ir_mail_server where active and smtp_host <> 'invalid')
          + (select count(*) from mail_mail where state = 'outgoing')
        """;

    private const string IdentitySql = "select string_agg(key || '=' || value, ' ' order by key) from ir_config_parameter where key in ('database.uuid', 'database.secret')";

    public string Code => $"{source.Code}-staging";

    private Installation Installation => source.Installation;

    /// <summary>With something in its tenant that must not go out of the copy.</summary>
    public static async Task<StagedTenant> CreateAsync()
    {
        var source = await BackedUpTenant.CreateAsync();
        await source.ExecuteAsync(
            """
            insert into ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, active, sequence, smtp_user, smtp_pass)
            values ('ours', 'smtp.example.org', 587, 'none', 'login', true, 10, 'mailer', 'mail-password');
            update ir_cron set active = true, nextcall = now() + interval '1 year'
            """);
        return new StagedTenant(source);
    }

    public static JsonArray Rules(string method = "hash") =>
        [new JsonObject { ["table"] = "res_partner", ["column"] = "email", ["method"] = "email" }, new JsonObject { ["table"] = "res_users", ["column"] = "signature", ["method"] = method }];

    public Task<string> OrderAsync(Api api, JsonArray? masking = null) => api.PostAsync($"/api/tenants/{source.Code}/staging", masking is null ? [] : new JsonObject { ["masking"] = masking });

    /// <summary>Orders it and waits until it is there.</summary>
    public async Task<JsonObject> MakeAsync(Api api, JsonArray? masking = null)
    {
        var job = await OrderAsync(api, masking);
        var end = await api.EndOfAsync(job, seconds: 180);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());

        // The backup that became the copy is deleted after the job's end.
        await Installation.ComesToRestAsync();
        return await api.GetAsync(job);
    }

    /// <summary>What the tenant says from now on.</summary>
    public Task SayAsync(string word) => source.ExecuteAsync($"update ir_config_parameter set value = '{word}' where key = 'test.mark'");

    public Task<string> ReadAsync(string sql) => ReadAsync(Code, sql);

    public async Task ExecuteAsync(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>It serves, says this, and nothing goes out of it; its tenant is as it was, and of the making nothing is left.</summary>
    public async Task AssertWorksAsync(Api api, string mark = "after")
    {
        await Installation.ComesToRestAsync();
        var tenant = await api.GetAsync($"/api/tenants/{Code}");
        Assert.Equal(("active", source.Code), ((string?)tenant["state"], (string?)tenant["stagingOf"]));
        Assert.Equal(mark, await ReadAsync("select value from ir_config_parameter where key = 'test.mark'"));
        Assert.Equal("0", await ReadAsync($"select ({LoudSql})::text"));
        Assert.Equal($"https://{Code}.tenants.test", await ReadAsync("select value from ir_config_parameter where key = 'web.base.url'"));
        Assert.Equal("true", await ReadAsync("select value from ir_config_parameter where key = 'database.is_neutralized'"));
        Assert.Equal("odoo", await ReadAsync("select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"));
        Assert.NotEqual(await ReadAsync(source.Code, IdentitySql), await ReadAsync(IdentitySql));
        Assert.True(source.HasFile("after", Code));
        Installation.AssertFileStores(Code, source.Code);
        Assert.Equal([source.Code, Code], await DatabasesAsync());
        await AssertSourceServesAsync(api, mark);
    }

    public async Task AssertNothingIsLeftAsync(Api api)
    {
        await Installation.ComesToRestAsync();
        Assert.Equal([source.Code], await DatabasesAsync());
        Installation.AssertFileStores(source.Code);
        var id = await Installation.CountAsync("select max(id) from control.tenants where code = $1", Code);
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.secrets where name like 'tenants/' || $1::text || '/%' or name like 'backups/' || $1::text || '/%'", id));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.backups where tenant_id = $1", id));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_staging where expires_at is not null"));
        await AssertSourceServesAsync(api, "after");
    }

    public async ValueTask DisposeAsync()
    {
        await Installation.DropAsync(Code);
        await source.DisposeAsync();
    }

    /// <summary>The host that stands before it.</summary>
    public Installation At => Installation;

    private async Task AssertSourceServesAsync(Api api, string mark)
    {
        Assert.Equal("active", (string?)(await api.GetAsync($"/api/tenants/{source.Code}"))["state"]);
        Assert.Equal(mark, await ReadAsync(source.Code, "select value from ir_config_parameter where key = 'test.mark'"));
        Assert.NotEqual("0", await ReadAsync(source.Code, $"select ({LoudSql})::text"));
        Assert.Equal("mail-password", await ReadAsync(source.Code, "select smtp_pass from ir_mail_server where name = 'ours'"));
        Assert.Equal(["manual", "first"], await source.KindsAsync(api));
        Assert.DoesNotContain(Installation.StoredFiles(), f => Regex.IsMatch(f, @"-\d+-staging/"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.backups where kind = 'staging'"));
    }

    private async Task<IReadOnlyList<string>> DatabasesAsync()
    {
        await using var admin = NpgsqlDataSource.Create(Installation.SuperuserConnectionString);
        return await TenantAssertions.ScalarAsync<string[]>(
            admin, $"select coalesce(array_agg(datname::text order by datname), '{{}}') from pg_database where datname like '%{source.Code}%'");
    }

    private async Task<string> ReadAsync(string database, string sql)
    {
        await using var tenant = Installation.OpenTenant(database);
        return await TenantAssertions.ScalarAsync<string>(tenant, sql);
    }
}
