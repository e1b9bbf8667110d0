using System.Text;
using Bibind.Local;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>A tenant with a backup that says "before"; the tenant itself says "after".</summary>
internal sealed class BackedUpTenant : IAsyncDisposable
{
    private BackedUpTenant(Installation installation) => Installation = installation;

    public Installation Installation { get; }

    public string Code => Installation.Code;

    public string BackupId { get; private set; } = string.Empty;

    public static async Task<BackedUpTenant> CreateAsync()
    {
        var tenant = new BackedUpTenant(await Installation.CreateAsync());
        await using var host = await InProcessHost.StartAsync(tenant.Installation);
        await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(tenant.Code));

        // The first backup, which comes after the activation, is not the one that says "before".
        await tenant.Installation.ComesToRestAsync();
        await tenant.ExecuteAsync("insert into ir_config_parameter (key, value) values ('test.mark', 'before')");
        tenant.WriteFile("before");
        var taken = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{tenant.Code}/backups"));
        Assert.True(taken["state"]!.GetValue<string>() == "succeeded", taken.ToString());
        tenant.BackupId = taken["result"]!["backupId"]!.GetValue<string>();
        await tenant.ExecuteAsync("update ir_config_parameter set value = 'after' where key = 'test.mark'");
        tenant.WriteFile("after");
        await tenant.Installation.ComesToRestAsync();
        return tenant;
    }

    /// <summary>A file of the tenant, as the application would have written it an hour ago.</summary>
    private void WriteFile(string content)
    {
        var file = FileOf(content, Code);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
    }

    /// <summary>True if a file store has the file with this content.</summary>
    public bool HasFile(string content, string database) => File.Exists(FileOf(content, database));

    private string FileOf(string content, string database) => Path.Combine(Installation.Files, database, new OdooFile(0, Encoding.UTF8.GetBytes(content)).StoreName);

    public async Task ExecuteAsync(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Puts a database of the same content and name in the tenant's place, as an operator might by hand.</summary>
    public async Task MakeAnewByHandAsync()
    {
        await using var admin = NpgsqlDataSource.Create(Installation.SuperuserConnectionString);
        foreach (var sql in new[]
        {
            $"alter database \"{Code}\" rename to \"{Code}-aside\"", $"create database \"{Code}\" template \"{Code}-aside\" owner odoo",
            $"drop database \"{Code}-aside\" with (force)",
        })
        {
            await using var command = admin.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        return await TenantAssertions.ScalarAsync<long>(database, sql);
    }

    public async Task<IEnumerable<string>> KindsAsync(Api api) =>
        (await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray().Select(b => b!["kind"]!.GetValue<string>());

    /// <summary>The backups that are kept whatever the plan says.</summary>
    public async Task<IEnumerable<string>> KeptIdsAsync(Api api) =>
        (await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray().Where(b => b!["keptUntil"] is not null).Select(b => b!["id"]!.GetValue<string>());

    /// <summary>Changes one byte in the middle of one object of the stored backup.</summary>
    public async Task TamperAsync(string with = ".dump.br.aes")
    {
        var dump = Assert.Single(Installation.StoredFiles(), f => f.Contains(BackupId, StringComparison.Ordinal) && f.EndsWith(with, StringComparison.Ordinal));
        var bytes = await File.ReadAllBytesAsync(dump);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(dump, bytes);
    }

    public async Task<string> StoredSha256Async(string column = "sha256")
    {
        await using var command = Installation.Control.CreateCommand($"select {column} from control.backups where id = $1");
        command.Parameters.AddWithValue(BackupId);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The tenant is open, with one database that says this, and nothing is left of any restore or trial.</summary>
    public async Task AssertActiveAsync(Api api, string mark)
    {
        await Installation.ComesToRestAsync();
        Assert.Equal("active", (await api.GetAsync($"/api/tenants/{Code}"))["state"]!.GetValue<string>());
        await AssertTidyAsync();
        Assert.Equal(mark == "after", HasFile("after", Code));
        await using var database = Installation.OpenTenant(Code);
        Assert.Equal(mark, await TenantAssertions.ScalarAsync<string>(database, "select value from ir_config_parameter where key = 'test.mark'"));
        Assert.Equal(
            "odoo", await TenantAssertions.ScalarAsync<string>(database, "select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"));
        Assert.False(await TenantAssertions.ScalarAsync<bool>(database, "select datistemplate from pg_database where datname = current_database()"));
    }

    /// <summary>One database and no other of this tenant: no scratch database, no replaced one.</summary>
    public async Task AssertTidyAsync()
    {
        await using var admin = NpgsqlDataSource.Create(Installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand("select string_agg(datname, ' ' order by datname) from pg_database where datname like '%' || $1 || '%'");
        command.Parameters.AddWithValue(Code);
        Assert.Equal(Code, (string)(await command.ExecuteScalarAsync())!);
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
        Installation.AssertFileStores(Code);
        Assert.True(HasFile("before", Code));
    }

    public ValueTask DisposeAsync() => Installation.DisposeAsync();
}
