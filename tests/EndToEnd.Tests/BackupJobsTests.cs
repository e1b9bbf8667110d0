using System.Net;
using Bibind.Local;

namespace Bibind.EndToEnd.Tests;

/// <summary>What a customer gets back after a mistake, by the API alone.</summary>
public sealed class BackupJobsTests
{
    [Fact]
    public async Task A_restored_tenant_is_as_it_was_when_it_was_backed_up()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await tenant.ExecuteAsync("insert into ir_config_parameter (key, value) values ('test.mistake', 'yes'); update res_company set name = 'spoilt'");
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await tenant.AssertActiveAsync(host.Api, "before");
        Assert.Equal(0, await tenant.CountAsync("select count(*) from ir_config_parameter where key = 'test.mistake'"));
        Assert.Equal(0, await tenant.CountAsync("select count(*) from res_company where name = 'spoilt'"));
        Assert.Equal(["manual", "manual", "first"], await tenant.KindsAsync(host.Api));

        // The former state stays for its time, whatever the plan says, or until somebody says that nobody goes back.
        var formerState = end["result"]!["safetyBackupId"]!.GetValue<string>();
        Assert.Equal([formerState], await tenant.KeptIdsAsync(host.Api));

        var undo = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{formerState}/restore"));
        Assert.True(undo["state"]!.GetValue<string>() == "succeeded", undo.ToString());
        Assert.Equal(1, await tenant.CountAsync("select count(*) from ir_config_parameter where key = 'test.mistake'"));

        var second = undo["result"]!["safetyBackupId"]!.GetValue<string>();
        Assert.Equal([formerState, second], (await tenant.KeptIdsAsync(host.Api)).Order());
        Assert.Equal(HttpStatusCode.OK, (await host.Api.TryPostAsync($"/api/backups/{formerState}/confirm", [])).Status);
        Assert.Equal([second], await tenant.KeptIdsAsync(host.Api));
    }

    [Fact]
    public async Task A_verified_backup_has_a_receipt()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/verify"));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        var backup = (await host.Api.GetAsync($"/api/tenants/{tenant.Code}/backups"))["items"]!.AsArray().Single(b => b!["id"]!.GetValue<string>() == tenant.BackupId)!;
        Assert.NotNull(backup["verifiedAt"]);
        Assert.Equal(backup["sha256"]!.GetValue<string>(), backup["receipt"]!["storedSha256"]!.GetValue<string>());
        Assert.True(backup["receipt"]!["rows"]!["res_users"]!.GetValue<long>() > 0);
        var files = backup["receipt"]!["fileStore"]!;
        Assert.Equal(backup["fileStore"]!["sha256"]!.GetValue<string>(), files["storedSha256"]!.GetValue<string>());
        Assert.Equal((OdooFiles.All.Count + 1, 0, 0), (files["files"]!.GetValue<int>(), files["missing"]!.GetValue<int>(), files["damaged"]!.GetValue<int>()));
        await tenant.AssertActiveAsync(host.Api, "after");
    }

    [Theory]
    [InlineData("database.dump.br.aes")]
    [InlineData("filestore.tar.br.aes")]
    public async Task A_tampered_backup_is_refused_before_anything_is_changed(string with)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await tenant.TamperAsync(with);
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.Contains("The backup cannot be used", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        await tenant.AssertActiveAsync(host.Api, "after");
    }

    [Fact]
    public async Task A_tampered_backup_gets_no_receipt()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await tenant.TamperAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/verify"));

        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.Equal(0, await tenant.Installation.CountAsync("select count(*) from control.backups where verified_at is not null"));
        var backup = (await host.Api.GetAsync($"/api/tenants/{tenant.Code}/backups"))["items"]!.AsArray().Single(b => b!["id"]!.GetValue<string>() == tenant.BackupId)!;
        Assert.NotNull(backup["triedAt"]);
        Assert.Equal(end["reason"]!.GetValue<string>(), backup["trialFailure"]!.GetValue<string>());
        await tenant.AssertActiveAsync(host.Api, "after");
    }

    [Fact]
    public async Task A_restored_tenant_has_the_address_of_today()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);
        const string Address = "select count(*) from ir_config_parameter where key = 'web.base.url' and value = 'https://former.example.net'";
        await tenant.ExecuteAsync("update ir_config_parameter set value = 'https://former.example.net' where key = 'web.base.url'");
        var former = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{tenant.Code}/backups"));
        Assert.Equal(1, await tenant.CountAsync(Address));

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{former["result"]!["backupId"]}/restore"));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.Equal(0, await tenant.CountAsync(Address));
        Assert.Contains(end["result"]!["notes"]!.AsArray(), n => n!.GetValue<string>().Contains("passwords are those of the backup", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "sha256")]
    [InlineData("?part=database", "sha256")]
    [InlineData("?part=filestore", "files_sha256")]
    public async Task A_download_is_the_stored_object(string query, string column)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var content = await host.Api.DownloadAsync($"/api/backups/{tenant.BackupId}/download{query}");

        Assert.Equal(await tenant.StoredSha256Async(column), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)));
    }
}
