namespace Bibind.EndToEnd.Tests;

/// <summary>What must be true of a tenant that works.</summary>
internal static class TenantAssertions
{
    /// <summary>Active, and everything there exactly once, whatever happened on the way.</summary>
    public static async Task AssertWorksAsync(Installation installation, Api api, int users = 1)
    {
        var tenant = await api.GetAsync($"/api/tenants/{installation.Code}");
        Assert.Equal("active", tenant["state"]!.GetValue<string>());
        Assert.Equal([installation.Code], await installation.DatabasesAsync());
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.tenants"));
        await installation.HasFirstBackupAsync();
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.backups"));
        var dump = Assert.Single(installation.StoredFiles(), f => f.EndsWith(".dump.br.aes", StringComparison.Ordinal));
        Assert.Single(installation.StoredFiles(), f => f.EndsWith("manifest.json", StringComparison.Ordinal));
        Assert.True(new FileInfo(dump).Length > 10_000);
        Assert.Single(installation.StoredFiles(), f => f.EndsWith("filestore.tar.br.aes", StringComparison.Ordinal));
        installation.AssertFileStores(installation.Code);
        await using var database = installation.OpenTenant(installation.Code);
        Assert.Equal(users, await ScalarAsync<long>(database, "select count(*) from res_users where active and not share and id > 1"));
        Assert.Equal($"https://{installation.Code}.tenants.test", await ScalarAsync<string>(database, "select value from ir_config_parameter where key = 'web.base.url'"));
        Assert.Equal("odoo", await ScalarAsync<string>(database, "select rolname from pg_database d join pg_roles r on r.oid = d.datdba where datname = current_database()"));
        Assert.False(await ScalarAsync<bool>(database, "select datistemplate from pg_database where datname = current_database()"));
        Assert.Equal(0, await installation.CountAsync("select count(*) from durable.activities where instance_id not like 'timer-%'"));
    }

    public static async Task<T> ScalarAsync<T>(Npgsql.NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
