using Bibind.EndToEnd.Tests.Suspensions;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process while it compares what a tenant uses with what it may use: before its people are told for good, between that and the suspension,
/// and in the middle of that. Each limit is told once, and the tenant is suspended once.
/// </summary>
public sealed class KillLimitsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_tenant_beyond_its_limits_is_told_and_suspended_once_whenever_the_host_is_killed()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        world.Installation.Settings["Limits:AfterGrace"] = "suspend";
        world.Installation.Settings["Usage:Enabled"] = "false";
        await ExceedAsync(world);

        // The notices are written and not committed.
        await DiesAsync(world, "log:LimitReached");
        Assert.Equal((0, 0), (await NoticesAsync(world), await JobsAsync(world)));

        // People are told; who is to be suspended was looked for.
        await DiesAsync(world, "sql:order by d.warned_at limit");
        Assert.Equal((2, 0), (await NoticesAsync(world), await JobsAsync(world)));
        await ExecuteAsync(world, "update control.tenant_limits set warned_at = now() - interval '100 days'");

        // The order is written and not committed.
        await DiesAsync(world, "sql:insert into control.tenant_suspensions");
        Assert.Equal((2, 0), (await NoticesAsync(world), await JobsAsync(world)));

        await using var host = await InProcessHost.StartAsync(world.Installation);
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["state"] == "suspended", Patience, "the tenant is suspended");
        await world.AssertSuspendedAsync(host.Api);
        Assert.Equal((2, 1), (await NoticesAsync(world), await JobsAsync(world)));
        Assert.Equal("quota", await world.TextAsync("select x.cause from control.tenant_suspensions x join control.tenants t on t.id = x.tenant_id where t.code = $1"));
    }

    // It has more users than it may, and stores more than it may.
    private static async Task ExceedAsync(SuspensionWorld world)
    {
        string[] statements =
        [
            "update control.tenants set max_users = 3, max_storage_bytes = 1000",
            """
            insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes, file_store_bytes, bucket_bytes)
            select id, server_id, now() + interval '1 day', now(), 4, 900, 90, 20 from control.tenants
            on conflict (tenant_id) do update set measured_at = excluded.measured_at, failed_at = null, users = excluded.users, database_bytes = excluded.database_bytes,
              file_store_bytes = excluded.file_store_bytes, bucket_bytes = excluded.bucket_bytes
            """,
            """
            insert into control.tenant_checks (tenant_id, name, due_at) select id, 'limits', now() - interval '1 hour' from control.tenants
            on conflict (tenant_id, name) do update set due_at = excluded.due_at
            """,
        ];
        foreach (var statement in statements)
        {
            await ExecuteAsync(world, statement);
        }
    }

    private static async Task ExecuteAsync(SuspensionWorld world, string statement)
    {
        await using var command = world.Installation.Control.CreateCommand(statement);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task DiesAsync(SuspensionWorld world, string boundary)
    {
        await using var doomed = KillableHost.Launch(world.Installation, boundary);
        await doomed.DiesAsync();
    }

    // One of each limit.
    private static Task<long> NoticesAsync(SuspensionWorld world) =>
        world.Installation.CountAsync("select count(*) from control.notices where kind in ('quota-reached', 'quota-exceeded')");

    private static Task<long> JobsAsync(SuspensionWorld world) => world.Installation.CountAsync("select count(*) from control.jobs where kind = 'suspend'");
}
