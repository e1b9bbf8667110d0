using System.Net;
using System.Text.Json.Nodes;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>What a tenant or an operator does to a database by hand is told as it is.</summary>
public sealed class DatabaseIdentityTests
{
    [Fact]
    public async Task A_tenant_without_his_mark_is_restored_and_removed_like_any_other()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await RunAsync(tenant.Installation, $"comment on database {tenant.Code} is null");
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var restored = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));
        Assert.True(restored["state"]!.GetValue<string>() == "succeeded", restored.ToString());
        await tenant.AssertActiveAsync(host.Api, "before");
        await RunAsync(tenant.Installation, $"comment on database {tenant.Code} is null");
        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(tenant.Code, finalBackup: false));

        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        Assert.Empty(await tenant.Installation.DatabasesAsync());
        Assert.Equal(0, await tenant.Installation.CountAsync("select count(*) from control.databases where tenant_id is not null"));
    }

    [Fact]
    public async Task A_database_made_anew_is_named_by_removal_and_restore_until_it_is_adopted()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await MakeAnewAsync(tenant);
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var restore = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));
        Assert.Equal("failed", restore["state"]!.GetValue<string>());
        Assert.Contains("is not ours: it was made anew by somebody", restore["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("active", (await host.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>());
        await tenant.Installation.ComesToRestAsync();

        var removal = await host.Api.EndOfAsync(await host.Api.DestroyAsync(tenant.Code, finalBackup: true));
        Assert.Equal("failed", removal["state"]!.GetValue<string>());
        Assert.Contains("is not ours: it was made anew by somebody", removal["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        var proof = removal["inventory"]!;
        Assert.False(proof["isClean"]!.GetValue<bool>());
        Assert.Equal("unknown", proof["items"]!.AsArray().Single()!["state"]!.GetValue<string>());

        var (status, job, _) = await AdoptAsync(host.Api, tenant.Code);
        Assert.Equal(HttpStatusCode.Accepted, status);
        var adopted = await host.Api.GetAsync(job!);
        Assert.Equal(("adopt-database", "succeeded", "operator"), (Text(adopted, "kind"), Text(adopted, "state"), Text(adopted, "requestedBy")));
        Assert.Equal("the disk was exchanged", adopted["result"]!["reason"]!.GetValue<string>());
        removal = await host.Api.EndOfAsync(await host.Api.DestroyAsync(tenant.Code, finalBackup: false));
        Assert.True(Text(removal, "state") == "succeeded", removal.ToString());
        Assert.Empty(await tenant.Installation.DatabasesAsync());
    }

    [Fact]
    public async Task A_removal_that_reaches_a_foreign_database_fails_and_lists_it()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await MakeAnewAsync(tenant);
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var removal = await host.Api.EndOfAsync(await host.Api.DestroyAsync(tenant.Code, finalBackup: false));

        Assert.Equal("failed", Text(removal, "state"));
        Assert.Contains($"'{tenant.Code}' is there on server 'local' and is not ours", Text(removal, "reason"), StringComparison.Ordinal);
        var item = removal["inventory"]!["items"]!.AsArray().First(i => Text(i!, "kind") == "database" && Text(i!, "name") == tenant.Code)!;
        Assert.Equal("present", Text(item, "state"));
        Assert.StartsWith("foreign: ", Text(item, "detail"), StringComparison.Ordinal);
        Assert.Equal("terminating", (await host.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>());
        await RunAsync(tenant.Installation, $"drop database {tenant.Code}");
    }

    [Fact]
    public async Task An_adoption_that_cannot_be_is_refused_in_words()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        Assert.Equal((HttpStatusCode.Conflict, "database-known"), await RefusalAsync(host.Api, tenant.Code));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid-command"), await RefusalAsync(host.Api, tenant.Code, database: "other"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid-command"), await RefusalAsync(host.Api, tenant.Code, reason: " "));
        Assert.Equal((HttpStatusCode.NotFound, "not-found"), await RefusalAsync(host.Api, "nobody"));
        await RunAsync(tenant.Installation, $"drop database {tenant.Code} with (force)");
        Assert.Equal((HttpStatusCode.Conflict, "database-missing"), await RefusalAsync(host.Api, tenant.Code));
        await RunAsync(tenant.Installation, $"create database {tenant.Code}");
        Assert.Equal((HttpStatusCode.Conflict, "database-owner"), await RefusalAsync(host.Api, tenant.Code));
        await RunAsync(tenant.Installation, $"alter database {tenant.Code} owner to odoo");
        await RunAsync(tenant.Installation, $"update pg_database set datconnlimit = -2 where datname = '{tenant.Code}'");
        Assert.Equal((HttpStatusCode.Conflict, "database-invalid"), await RefusalAsync(host.Api, tenant.Code));
        await RunAsync(tenant.Installation, $"drop database {tenant.Code}");
    }

    private static async Task MakeAnewAsync(BackedUpTenant tenant)
    {
        await RunAsync(tenant.Installation, $"drop database {tenant.Code} with (force)");
        await RunAsync(tenant.Installation, $"create database {tenant.Code} owner odoo");
        await RunAsync(tenant.Installation, $"comment on database {tenant.Code} is 'bibind tenant=1 code={tenant.Code}'");
    }

    private static Task<(HttpStatusCode Status, string? Job, JsonObject Body)> AdoptAsync(
        Api api, string code, string? database = null, string reason = "the disk was exchanged") =>
        api.TryPostAsync($"/api/tenants/{code}/database/adopt", new JsonObject { ["database"] = database ?? code, ["reason"] = reason });

    private static async Task<(HttpStatusCode Status, string Kind)> RefusalAsync(
        Api api, string code, string? database = null, string reason = "the disk was exchanged")
    {
        var (status, _, body) = await AdoptAsync(api, code, database, reason);
        return (status, body["type"]!.GetValue<string>().Split('/')[^1]);
    }

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();

    private static async Task RunAsync(Installation installation, string sql)
    {
        await using var admin = NpgsqlDataSource.Create(installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
