using Bibind.Local;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>One order in, one working tenant out; one destroy in, nothing left.</summary>
public sealed class ProvisionTests
{
    [Fact]
    public async Task An_order_by_webhook_becomes_a_working_tenant_and_a_destroy_leaves_nothing()
    {
        await using var installation = await Installation.CreateAsync();
        await using var caller = await CallerStub.StartAsync();
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code, callbackUrl: caller.Url));

        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        await installation.ComesToRestAsync();
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        var notice = Assert.Single(caller.Received);
        Assert.Equal("active", notice["state"]!.GetValue<string>());
        Assert.Equal(installation.Code, notice["tenant"]!.GetValue<string>());

        var end = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.All(end["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await installation.AssertNothingIsLeftAsync();
        Assert.Equal(["active", "terminated"], caller.Received.Select(n => n["state"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Where_no_file_stores_are_kept_no_step_and_no_proof_speaks_of_one()
    {
        await using var installation = await Installation.CreateAsync();
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);

        // A template whose attachments are all in its database.
        var template = $"golden_{Guid.NewGuid():n}";
        await ExecuteAsync(admin, $"create database {template} template {OdooTemplateFixture.Database} owner {LocalServer.ApplicationRole}");
        await using (var content = installation.OpenTenant(template))
        {
            await ExecuteAsync(content, "delete from ir_attachment where store_fname is not null");
        }

        installation.Settings["FileStore:Provider"] = "none";
        installation.Settings["Seed:Templates:blank"] = template;
        await using var host = await InProcessHost.StartAsync(installation);

        var made = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        var gone = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));

        Assert.All([made, gone], job => Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString()));
        Assert.All([made, gone], job => Assert.DoesNotContain("file", job.ToString(), StringComparison.OrdinalIgnoreCase));
        await installation.AssertNothingIsLeftAsync();
        await ExecuteAsync(admin, $"alter database {template} is_template false");
        await ExecuteAsync(admin, $"drop database {template} with (force)");
    }

    [Fact]
    public async Task A_template_whose_files_nobody_keeps_is_not_ready_and_the_order_says_why()
    {
        await using var installation = await Installation.CreateAsync();
        installation.Settings["FileStore:Provider"] = "none";
        await using var host = await InProcessHost.StartAsync(installation);

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Contains("no file stores are kept (FileStore__Provider is none)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_file_store_of_the_same_name_fails_the_order_and_is_not_touched()
    {
        await using var installation = await Installation.CreateAsync();
        var precious = Path.Combine(Directory.CreateDirectory(Path.Combine(installation.Files, installation.Code)).FullName, "precious");
        await File.WriteAllTextAsync(precious, "precious");
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Equal("failed", job["state"]!.GetValue<string>());
        Assert.Contains("file store", job["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(await installation.DatabasesAsync());
        Assert.Equal("precious", await File.ReadAllTextAsync(precious));
    }

    [Fact]
    public async Task A_wrong_database_password_fails_the_order_in_words_and_leaves_nothing()
    {
        await using var installation = await Installation.CreateAsync();
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        // A role of this test's own: the others go on with theirs. The stored password is that of the role before it.
        var role = $"maintenance_{installation.Code}";
        await ExecuteAsync(admin, $"create role {role} login createdb password 'another' in role {LocalServer.ApplicationRole}");
        await using var host = await InProcessHost.StartAsync(installation);
        await ExecuteAsync(installation.Control, $"update control.servers set db_user = '{role}'");

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Equal("failed", job["state"]!.GetValue<string>());
        Assert.Contains("password", job["reason"]!.GetValue<string>(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(installation.Settings["Seed:Server:DatabasePassword"], job.ToString(), StringComparison.Ordinal);
        await ExecuteAsync(admin, $"drop role {role}");
    }

    [Fact]
    public async Task A_full_store_takes_no_tenant_away_and_its_first_backup_stays_pending_in_words()
    {
        await using var installation = await Installation.CreateAsync();
        installation.Settings["Storage:Local:CapacityBytes"] = "1000";
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        var first = (await host.Api.GetAsync($"/api/jobs?tenant={installation.Code}&kind=first-backup"))["items"]!.AsArray();
        await Eventually.UntilAsync(
            async () => (await host.Api.GetAsync($"/api/jobs/{Assert.Single(first)!["id"]!.GetValue<string>()}")).ToString(),
            attempt => attempt.Contains("is full", StringComparison.Ordinal), TimeSpan.FromSeconds(60), "its first backup says why it fails");
        var tenant = await host.Api.GetAsync($"/api/tenants/{installation.Code}");
        Assert.Equal("active", tenant["state"]!.GetValue<string>());
        Assert.Single(tenant["pendingItems"]!.AsArray(), p => p!["kind"]!.GetValue<string>() == "first-backup");
    }

    [Fact]
    public async Task A_foreign_database_of_the_same_name_fails_the_order_and_is_not_touched()
    {
        await using var installation = await Installation.CreateAsync();
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        await ExecuteAsync(admin, $"create database {installation.Code}");
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Equal("failed", job["state"]!.GetValue<string>());
        Assert.Contains(installation.Code, job["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal([installation.Code], await installation.DatabasesAsync());
    }

    [Fact]
    public async Task Twenty_orders_at_once_all_become_tenants()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);
        var codes = Enumerable.Range(1, 20).Select(i => $"{installation.Code}x{i}").ToArray();
        try
        {
            var jobs = await Task.WhenAll(codes.Select((code, i) => host.Api.OrderByWebhookAsync(code, record: i + 1)));
            var ends = await Task.WhenAll(jobs.Select(job => host.Api.EndOfAsync(job, seconds: 120)));

            Assert.All(ends, end => Assert.Equal("succeeded", end["state"]!.GetValue<string>()));
            Assert.Equal(20, await installation.CountAsync("select count(*) from control.tenants where state = 'active'"));
        }
        finally
        {
            foreach (var code in codes)
            {
                await installation.DropAsync(code);
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
