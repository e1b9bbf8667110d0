using Bibind.EndToEnd.Tests.Suspensions;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process in the middle of a repair, before its effect and after it. The next one goes on where it was, makes the repair once, and what a
/// killed one had counted counts towards the limit of an hour.
/// </summary>
public sealed class KillReconciliationTests
{
    // The repair is counted; the tenant's row is held.
    private const string BeforeEffect = "sql:select not exists (select from control.jobs where tenant_id";
    private const string AfterEffect = "sql:allow_connections false";
    private const string Repairs = "select count(*) from control.reconciliation_repairs";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_repair_whose_host_is_killed_is_made_once_and_counts()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        world.Installation.Settings["Reconciliation:RepairsPerHour"] = "2";
        await using (var host = await InProcessHost.StartAsync(world.Installation))
        {
            await world.SucceedsAsync(host.Api, await world.SuspendAsync(host.Api));
            await world.Installation.ComesToRestAsync();
        }

        await world.OpenDatabaseByHandAsync();
        await SuspectAsync(world);

        await DiesAsync(world, BeforeEffect);
        Assert.Equal((true, 1), (await world.TakesConnectionsAsync(), await world.Installation.CountAsync(Repairs)));
        await DiesAsync(world, AfterEffect);
        Assert.Equal((false, 2), (await world.TakesConnectionsAsync(), await world.Installation.CountAsync(Repairs)));

        await using (await LookAsync(world, "select count(*) from control.reconciliation_findings where closed_at is not null"))
        {
            Assert.Equal((false, 2), (await world.TakesConnectionsAsync(), await world.Installation.CountAsync(Repairs)));
        }

        await world.OpenDatabaseByHandAsync();
        await SuspectAsync(world);
        await using var last = await LookAsync(world, "select count(*) from control.reconciliation_findings where closed_at is null and reason like '%limit of 2 repairs an hour%'");
        Assert.Equal((true, 2), (await world.TakesConnectionsAsync(), await world.Installation.CountAsync(Repairs)));
    }

    // The first of the two looks.
    private static async Task SuspectAsync(SuspensionWorld world)
    {
        await using var host = await LookAsync(
            world, "select count(*) from control.reconciliation_findings where closed_at is null and kind = 'suspended-database-open'");
    }

    private static async Task DiesAsync(SuspensionWorld world, string boundary)
    {
        await SetDueAsync(world);
        await using var doomed = KillableHost.Launch(world.Installation, boundary);
        await doomed.DiesAsync();
    }

    /// <summary>A host that has looked, as the count says.</summary>
    private static async Task<InProcessHost> LookAsync(SuspensionWorld world, string count)
    {
        await SetDueAsync(world);
        var host = await InProcessHost.StartAsync(world.Installation);
        await Eventually.UntilAsync(async () => await world.Installation.CountAsync(count) == 1, Patience, "the tenant is looked at");
        return host;
    }

    // It is the tenant's turn, and the claim of a host that was killed has run out: a host that starts looks at once.
    private static async Task SetDueAsync(SuspensionWorld world)
    {
        await using var command = world.Installation.Control.CreateCommand(
            """
            insert into control.reconciliation_tenants (tenant_id, server_id, phase, due_at)
            select id, server_id, 0.5, now() - interval '1 hour' from control.tenants where code = $1
            on conflict (tenant_id) do update set due_at = excluded.due_at;
            """);
        command.Parameters.Add(new() { Value = world.Code });
        await command.ExecuteNonQueryAsync();
        await using var claim = world.Installation.Control.CreateCommand("update control.reconciliation_servers set claimed_until = now() - interval '1 second'");
        await claim.ExecuteNonQueryAsync();
    }
}
