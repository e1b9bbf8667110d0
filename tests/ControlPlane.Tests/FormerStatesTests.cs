using Bibind.Contracts;
using Bibind.ControlPlane.Backups;

namespace Bibind.ControlPlane.Tests;

/// <summary>How long what a tenant was before a restore is kept.</summary>
public sealed class FormerStatesTests(PostgresCluster postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_confirmed_is_not_kept_again_when_the_end_of_its_restore_is_repeated()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(1);
        await plane.ExecuteAsync(
            """
            update control.tenants set state = 'restoring';
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at)
            select 'restore-1', 'restore', id, code, 'old', 'somebody', true, now() from control.tenants;
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select 'before', id, 'manual', 'k', 'm', 1, repeat('0', 64), now() from control.tenants;
            """);
        var tenant = await plane.ScalarAsync<long>("select id from control.tenants");
        var end = new RestoreEnd
        {
            TenantId = tenant,
            JobId = "restore-1",
            IsOpen = true,
            Result = new TenantRestored { Code = "t1", BackupId = "old", SafetyBackupId = "before", Database = "t1", Bytes = 1, Tables = 1 },
        };

        await plane.Get<BackupJobEnding>().EndRestoreAsync(end, Token);
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.backups where kept_until between now() + interval '6 days' and now() + interval '8 days'"));
        Assert.True(Assert.Single(await plane.Get<IBackupCatalogue>().ListAsync(tenant, Token)).IsFormerState);

        Assert.True(await plane.Get<FormerStates>().ConfirmAsync("before", Token));
        await plane.Get<BackupJobEnding>().EndRestoreAsync(end, Token);

        Assert.False(await plane.Get<FormerStates>().ConfirmAsync("before", Token));
        Assert.False(Assert.Single(await plane.Get<IBackupCatalogue>().ListAsync(tenant, Token)).IsFormerState);
    }
}
