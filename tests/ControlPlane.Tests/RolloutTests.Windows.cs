using Bibind.Contracts;

namespace Bibind.ControlPlane.Tests;

public sealed partial class RolloutTests
{
    [Fact]
    public async Task A_tenant_is_begun_in_its_own_window_whatever_the_rollouts()
    {
        await using var plane = await NewPlaneAsync(3);
        await SetWindowAsync(plane, "t-1", now: false);
        await SetWindowAsync(plane, "t-2", now: true);
        var rollout = await OpenedAsync(plane, Wanted() with { Waves = [new() { Percent = 100 }], Window = Window(now: false) });

        var standing = await DecideAsync(plane, rollout);

        Assert.Equal([await IdAsync("t-2")], standing.Next);
        Assert.Null(standing.OpensAt);
        await EndAsync(plane, rollout, standing.Next[0]);
        var waiting = await DecideAsync(plane, rollout);
        Assert.Empty(waiting.Next);
        Assert.InRange(waiting.OpensAt!.Value, DateTime.UtcNow.AddHours(5), DateTime.UtcNow.AddHours(7));
        await SetWindowAsync(plane, "t-1", now: true);
        await plane.ScalarAsync<int>("update control.rollouts set time_window = null");
        Assert.Equal(2, (await DecideAsync(plane, rollout)).Next.Count);

        Task<long> IdAsync(string code) => plane.ScalarAsync<long>($"select id from control.tenants where code = '{code}'");
    }

    private static Task<int> SetWindowAsync(TestPlane plane, string code, bool now) => plane.ScalarAsync<int>(
        $"update control.tenants set maintenance_window = '{Window(now).ToJson()}' where code = '{code}'");

    private static MaintenanceWindow Window(bool now)
    {
        var begins = TimeOnly.FromDateTime(DateTime.UtcNow).AddHours(now ? -1 : 6);
        return new MaintenanceWindow { From = begins, Until = begins.AddHours(2) };
    }
}
