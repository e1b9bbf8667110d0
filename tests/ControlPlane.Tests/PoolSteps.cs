using Bibind.Contracts;
using Bibind.ControlPlane.Pools;
using Dapper;

namespace Bibind.ControlPlane.Tests;

/// <summary>What tests of pools do to a control database and ask of it.</summary>
internal static class PoolSteps
{
    private static long s_oid = 100_000;

    internal static WarmPoolLimits Limits { get; } = new() { AtOnce = 100 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static async Task<long> AddAsync(TestPlane plane, int wanted)
    {
        var server = await plane.AddServerAsync(maxTenants: 1000);
        await SizeAsync(plane, wanted);
        return server.Id;
    }

    internal static async Task SizeAsync(TestPlane plane, int wanted) => await plane.ScalarAsync<int>($"update control.templates set warm_pool_size = {wanted} where code = 'blank'");

    internal static async Task FillAsync(TestPlane plane, long server)
    {
        foreach (var entry in (await PlanAsync(plane, server)).Fill)
        {
            await ReadyAsync(plane, entry);
        }
    }

    internal static Task ReadyAsync(TestPlane plane, PoolEntry entry) =>
        plane.Get<WarmPoolStore>().MarkReadyAsync(entry.EntryId, Interlocked.Increment(ref s_oid), 44_000_000, hasFiles: true, Cancellation);

    internal static Task<WarmPoolPlan> PlanAsync(TestPlane plane, long server, WarmPoolLimits? limits = null) =>
        plane.Get<WarmPoolStore>().PlanAsync(server, limits ?? Limits, seen: null, Cancellation);

    internal static async Task<WarmPoolView> PoolAsync(TestPlane plane) => Assert.Single(await plane.Get<WarmPoolViews>().ListAsync(null, wantedOnly: false, Cancellation), p => p.TemplateCode == "blank");

    internal static async Task<List<long>> IdsAsync(TestPlane plane)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(Cancellation);
        return (await connection.QueryAsync<long>("select id from control.pool_entries order by id")).AsList();
    }

    internal static async Task<IEnumerable<(string Database, long Oid)>> RowsAsync(TestPlane plane)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(Cancellation);
        return await connection.QueryAsync<(string, long)>("select database, oid from control.pool_entries order by id");
    }
}
