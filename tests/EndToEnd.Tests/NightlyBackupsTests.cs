using System.Globalization;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>The night: every active tenant once, and what its plan does not keep is gone.</summary>
public sealed class NightlyBackupsTests
{
    [Fact]
    public async Task A_night_that_has_begun_backs_a_tenant_up_once_whatever_the_number_of_hosts()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        tenant.Installation.Settings["Backups:Nightly"] = "true";
        tenant.Installation.Settings["Backups:NightlyAt"] = StartedFiveMinutesAgo();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);
        await using var other = await InProcessHost.StartAsync(tenant.Installation);

        await Eventually.UntilAsync(
            async () => await tenant.Installation.CountAsync("select count(*) from control.jobs where id like 'nightly-%' and outcome = 'succeeded'") == 1,
            TimeSpan.FromSeconds(60), "the night's backup is taken");

        Assert.Equal(1, await tenant.Installation.CountAsync("select count(*) from control.jobs where id like 'nightly-%'"));
        Assert.Equal(1, await tenant.Installation.CountAsync("select count(*) from durable.instances where instance_id = 'nightly-backups'"));
        Assert.Equal(["scheduled"], await tenant.KindsAsync(host.Api));
    }

    private static string StartedFiveMinutesAgo()
    {
        var at = TimeProvider.System.GetUtcNow().TimeOfDay - TimeSpan.FromMinutes(5);
        return (at < TimeSpan.Zero ? at + TimeSpan.FromDays(1) : at).ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture);
    }
}
