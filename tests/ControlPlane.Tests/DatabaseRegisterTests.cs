using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Schema;
using Bibind.Durable;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.ControlPlane.Tests;

public sealed class DatabaseRegisterTests(PostgresCluster cluster)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_database_is_known_by_server_and_number_and_whose_it_is()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var (server, tenant) = await TenantAsync(plane);
        var database = Known(server, tenant, oid: 4_000_000_000);
        await Register(plane).RecordAsync(database, None);
        await Register(plane).RecordAsync(database with { Restored = "job-1/backup-1" }, None);

        var known = await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None);

        Assert.Equal([database with { Restored = "job-1/backup-1" }], known.All);
        Assert.False(known.HasUnseen);
        Assert.Equal(known.All[0], await Register(plane).FindAsync(server, 4_000_000_000, None));
        Assert.Null(await Register(plane).FindAsync(server, 5, None));
    }

    [Fact]
    public async Task A_database_that_is_recorded_as_anothers_stays_so()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var (server, tenant) = await TenantAsync(plane);
        var other = (await plane.MustProvisionAsync("globex")).TenantId;
        await Register(plane).RecordAsync(Known(server, other, oid: 7), None);

        await Assert.ThrowsAsync<PermanentFailureException>(() => Register(plane).RecordAsync(Known(server, tenant, oid: 7), None));

        Assert.Equal(other, (await Register(plane).FindAsync(server, 7, None))!.Holder.TenantId);
    }

    [Fact]
    public async Task A_database_that_is_forgotten_is_not_known()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var (server, tenant) = await TenantAsync(plane);
        await Register(plane).RecordAsync(Known(server, tenant, oid: 7), None);

        await Register(plane).ForgetAsync(server, 7, None);
        await Register(plane).ForgetAsync(server, 7, None);

        Assert.Empty((await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None)).All);
    }

    [Fact]
    public async Task An_older_installations_databases_are_listed_once_with_mark_and_owner()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var (server, tenant) = await TenantAsync(plane);
        await MigrateAgainAsync(plane);

        var unseen = await Register(plane).ListUnseenAsync(server, None);

        Assert.Equal(
            [
                ("acme", $"bibind tenant={tenant} code=acme", false),
                ($"bibind-former-{tenant}-acme", $"bibind tenant={tenant} code=acme", false),
                ($"bibind-restore-{tenant}-acme", null, false),
                ("template_blank", "bibind template=1", true),
            ],
            unseen.Select(u => (u.Name, u.Mark, u.IsTemplate)));
        Assert.All(unseen, u => Assert.Equal(TestPlane.NewServer().DatabaseUser, u.Owner));
        Assert.True((await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None)).HasUnseen);
        foreach (var one in unseen)
        {
            await Register(plane).SettleAsync(one, one.Name == "acme" ? 9 : null, isThere: one.Name == "acme", null, null, None);
        }

        var known = await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None);
        Assert.Equal([9u], known.All.Select(d => d.Oid!.Value));
        Assert.False(known.HasUnseen);
    }

    [Fact]
    public async Task What_was_not_recognised_keeps_its_name_until_it_is_adopted()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var (server, tenant) = await TenantAsync(plane);
        await MigrateAgainAsync(plane);
        foreach (var one in await Register(plane).ListUnseenAsync(server, None))
        {
            await Register(plane).SettleAsync(one, oid: null, isThere: true, null, null, None);
        }

        var unrecognised = Assert.Single((await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None)).All);
        Assert.Equal((null, "acme"), (unrecognised.Oid, unrecognised.Name));

        var job = await AdoptAsync(plane, oid: 11);

        Assert.Equal([11u], (await Register(plane).ListAsync(server, DatabaseHolder.Tenant(tenant), None)).All.Select(d => d.Oid!.Value));
        var told = (await plane.Jobs.FindAsync(job, None))!;
        Assert.Equal((JobKinds.AdoptDatabase, JobOutcomes.Succeeded, "jane"), (told.Kind, told.Outcome, told.RequestedBy));
        Assert.Contains("made anew after the fire", told.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_of_a_template_its_trial_and_the_first_version_each_know_their_own()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = (await plane.AddServerAsync()).Id;
        DatabaseHolder[] holders = [DatabaseHolder.Template(1), DatabaseHolder.Template(1, 2), DatabaseHolder.Trial(1, 2)];
        for (var i = 0; i < holders.Length; i++)
        {
            var known = new KnownDatabase
            {
                ServerId = server,
                Oid = (uint)(100 + i),
                Name = $"database_{i}",
                Holder = holders[i],
                Purpose = holders[i].IsTrial ? DatabasePurposes.Trial : DatabasePurposes.Current,
            };
            await Register(plane).RecordAsync(known, None);
            await Register(plane).RecordAsync(known, None);
            await Assert.ThrowsAsync<PermanentFailureException>(() =>
                Register(plane).RecordAsync(known with { Holder = holders[(i + 1) % 3], Purpose = holders[(i + 1) % 3].IsTrial ? DatabasePurposes.Trial : DatabasePurposes.Current }, None));
        }

        for (var i = 0; i < holders.Length; i++)
        {
            var own = Assert.Single((await Register(plane).ListAsync(server, holders[i], None)).All);
            Assert.Equal(((uint)(100 + i), holders[i]), (own.Oid!.Value, own.Holder));
        }

        Assert.Single(await Register(plane).FindTemplatesAsync(server, "database_1", None));
        Assert.Empty(await Register(plane).FindTemplatesAsync(server, "database_2", None));
    }

    [Fact]
    public async Task No_database_is_adopted_beside_a_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();

        var refused = await plane.InTransactionAsync((c, t) => DatabaseAdoptions.BeginAsync(c, t, "acme", None));

        var reason = Assert.IsType<AdoptionRefused>(refused);
        Assert.Equal(AdoptionRefusalKind.JobRunning, reason.Kind);
        Assert.Contains(reservation.JobId, reason.Message, StringComparison.Ordinal);
    }

    private static Task<string> AdoptAsync(TestPlane plane, uint oid) => plane.InTransactionAsync(async (c, t) =>
    {
        var adopting = Assert.IsType<AdoptingTenant>(await DatabaseAdoptions.BeginAsync(c, t, "acme", None));
        return await plane.Get<DatabaseAdoptions>().AdoptAsync(
            c, t, adopting.Tenant, new AdoptedDatabase("acme", oid, "odoo", "made anew after the fire"), "jane", None);
    });

    // As if the installation had been there before the register.
    private static async Task MigrateAgainAsync(TestPlane plane)
    {
        await plane.ScalarAsync<int>("drop table control.databases; delete from control.schema_migrations where version in (72, 114); select 1");
        await new ControlDatabaseMigrator(plane.Database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance).ApplyAsync(None);
    }

    private static async Task<(long Server, long Tenant)> TenantAsync(TestPlane plane)
    {
        var server = await plane.AddServerAsync();
        return (server.Id, (await plane.MustProvisionAsync()).TenantId);
    }

    private static DatabaseRegister Register(TestPlane plane) => plane.Get<DatabaseRegister>();

    private static KnownDatabase Known(long server, long tenant, uint oid) => new()
    {
        ServerId = server,
        Oid = oid,
        Name = "acme",
        Holder = DatabaseHolder.Tenant(tenant),
        Purpose = DatabasePurposes.Current,
    };
}
