using Bibind.Contracts;
using Bibind.ControlPlane.Rollouts;
using Bibind.ControlPlane.Tenants;
using Npgsql;

namespace Bibind.ControlPlane.Tests;

/// <summary>Who belongs to which wave of a rollout, and when one goes on, is halted and ends.</summary>
public sealed partial class RolloutTests(PostgresCluster cluster)
{
    private static readonly IReadOnlyList<WaveWish> UsualWaves = [new() { Count = 1 }, new() { Percent = 5 }, new() { Percent = 25 }, new() { Percent = 100 }];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_tenants_fall_into_the_waves_that_were_foretold()
    {
        await using var plane = await NewPlaneAsync(10_000);
        await plane.ScalarAsync<int>("update control.tenants set state = 'suspended' where code = 't-5'; update control.tenants set state = 'terminated' where code = 't-6'");
        var wanted = Wanted() with { Filter = new RolloutFilter { Canaries = ["t-3", "t-4"] } };

        var (plan, _) = await plane.Get<RolloutOpening>().PlanAsync(wanted, Token);

        // One of them is suspended, and the seed that they were copied from is no tenant yet to be passed over.
        Assert.Equal([2, 498, 2000, 7498], plan!.Waves.Select(w => w.Tenants));
        Assert.Equal(["t-3", "t-4"], plan.Waves[0].First.Order());
        Assert.Equal(("It is suspended.", 1, "t-5"), (plan.PassedOver.Single().Reason, plan.PassedOver.Single().Tenants, plan.PassedOver.Single().First.Single()));
        Assert.Equal(0, await plane.ScalarAsync<int>("select count(*)::int from control.rollout_tenants"));

        var rollout = await OpenedAsync(plane, wanted);
        Assert.Equal((9998, 1), (rollout.Tenants, rollout.PassedOver));
        Assert.Equal(plan.Waves.Select(w => w.Tenants), (await plane.Get<RolloutStore>().ListWavesAsync(rollout.Id, Token)).Select(w => w.Members));
        foreach (var wave in plan.Waves)
        {
            var page = await plane.Get<RolloutStore>().ListTenantsAsync(rollout.Id, RolloutTenantStates.Pending, wave.Number, new PageRequest(1, 10), Token);
            Assert.Equal(wave.First, page.Items.Select(t => t.Code));
        }

        var last = await plane.Get<RolloutStore>().ListTenantsAsync(rollout.Id, null, null, new PageRequest(50, 200), Token);
        Assert.Equal((9999L, 199, "skipped"), (last.Total, last.Items.Count, last.Items[^1].State));

        // Whoever comes later is not in it.
        await AddAsync(plane, 10_001, 10_002);
        await DecideAsync(plane, rollout);
        Assert.Equal(9999, await plane.ScalarAsync<int>("select count(*)::int from control.rollout_tenants"));
    }

    [Fact]
    public async Task A_release_finds_the_same_order_again_and_another_one_another()
    {
        await using var plane = await NewPlaneAsync(200);

        var first = await FirstAsync("1");

        Assert.Equal(first, await FirstAsync("1"));
        Assert.NotEqual(first, await FirstAsync("2"));

        async Task<string> FirstAsync(string version)
        {
            var (plan, _) = await plane.Get<RolloutOpening>().PlanAsync(Wanted(version), Token);
            return string.Join(' ', plan!.Waves.SelectMany(w => w.First));
        }
    }

    [Theory]
    [InlineData(1, new[] { 1, 0, 0, 0 })]
    [InlineData(3, new[] { 1, 0, 0, 2 })]
    [InlineData(21, new[] { 1, 1, 4, 15 })]
    public async Task Small_fleets_have_waves_of_nobody(int tenants, int[] expected)
    {
        await using var plane = await NewPlaneAsync(tenants);

        var (plan, _) = await plane.Get<RolloutOpening>().PlanAsync(Wanted(), Token);

        Assert.Equal(expected, plan!.Waves.Select(w => w.Tenants));
    }

    [Fact]
    public async Task Only_tenants_that_are_chosen_are_in_it_and_names_that_are_not_are_told()
    {
        await using var plane = await NewPlaneAsync(5);
        var opening = plane.Get<RolloutOpening>();
        var (chosen, _) = await opening.PlanAsync(Wanted() with { Filter = new RolloutFilter { Codes = ["t-1", "t-2"], Server = "odoo-1", Template = "blank" } }, Token);
        Assert.Equal(2, chosen!.Tenants);
        Assert.Equal(0, (await opening.PlanAsync(Wanted() with { Filter = new RolloutFilter { Labels = ["gold"] } }, Token)).Plan!.Tenants);

        var (_, unknown) = await opening.PlanAsync(Wanted() with { Filter = new RolloutFilter { Codes = ["t-1", "gone"], Canaries = ["t-2"] } }, Token);
        var errors = Assert.IsType<RolloutResult.Invalid>(unknown).Errors;
        Assert.EndsWith(": gone", errors["tenants.codes"].Single(), StringComparison.Ordinal);
        Assert.EndsWith(": t-2", errors["canaries"].Single(), StringComparison.Ordinal);
        Assert.Contains("offer", Assert.IsType<RolloutResult.Invalid>((await opening.PlanAsync(Wanted() with { Offer = "none" }, Token)).Refused).Errors.Keys);
        var nobody = await OpenAsync(plane, Wanted() with { Filter = new RolloutFilter { Labels = ["gold"] } });
        Assert.Contains("tenants", Assert.IsType<RolloutResult.Invalid>(nobody).Errors.Keys);
    }

    [Fact]
    public async Task The_changes_of_a_templates_version_reach_those_that_were_made_of_an_earlier_one()
    {
        await using var plane = await NewPlaneAsync(3);
        var number = await plane.BuiltAsync();
        await plane.PromotedAsync(number);
        await plane.ScalarAsync<int>($"update control.tenants set template_number = {number} where code = 't-2'");
        var wanted = Wanted() with { Release = null, TemplateVersion = new RolledOutVersion("blank", "odoo-1", number) };

        var (plan, _) = await plane.Get<RolloutOpening>().PlanAsync(wanted, Token);

        Assert.Equal(($"blank-{number}", UpgradeKinds.OdooBin, 2), (plan!.Release.Version, plan.Release.Kind, plan.Tenants));
        Assert.NotEmpty(plan.Release.Modules);
        Assert.Equal(["t-2"], plan.PassedOver.Single().First);
        var (_, refused) = await plane.Get<RolloutOpening>().PlanAsync(wanted with { TemplateVersion = new RolledOutVersion("blank", "odoo-1", 9) }, Token);
        Assert.Contains("no version 9", Assert.IsType<RolloutResult.Invalid>(refused).Errors["templateVersion"].Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_rollouts_of_an_offer_at_once_one_is_opened()
    {
        await using var plane = await NewPlaneAsync(20);

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => OpenAsync(plane, Wanted()))));

        var done = Assert.Single(results.OfType<RolloutResult.Done>());
        Assert.All(results.OfType<RolloutResult.AnotherOpen>(), r => Assert.Contains($"Rollout {done.Rollout.Id} ", r.Message, StringComparison.Ordinal));
        Assert.Equal(7, results.OfType<RolloutResult.AnotherOpen>().Count());
        Assert.Equal(20, await plane.ScalarAsync<int>("select count(*)::int from control.rollout_tenants"));
        await Assert.ThrowsAsync<PostgresException>(() => plane.ScalarAsync<int>(
            "insert into control.rollouts (job_id, offer, version, release, filter, max_concurrent, reason, requested_by, requested_at) select id, 'odoo-shared', '1', '{}', '{}', 1, 'x', 'x', now() from control.jobs limit 1"));
    }

    [Fact]
    public async Task A_wave_that_fails_more_than_its_limit_halts_and_what_is_known_counts_no_more()
    {
        await using var plane = await NewPlaneAsync(10);
        var rollout = await OpenedAsync(plane, Wanted() with { Waves = [new() { Percent = 40, MaxFailuresPercent = 25 }, new() { Percent = 100 }] });
        var first = (await DecideAsync(plane, rollout)).Next;
        Assert.Equal(2, first.Count);
        await EndAsync(plane, rollout, first[0], RolloutTenantStates.Failed, isFailure: true);

        // One of four is allowed.
        var standing = await DecideAsync(plane, rollout);
        Assert.Equal((RolloutStates.Running, false), (standing.State, standing.Next.Contains(first[0])));
        await EndAsync(plane, rollout, standing.Next[0], RolloutTenantStates.RolledBack, isFailure: true);
        Assert.Equal(RolloutStates.Halted, (await DecideAsync(plane, rollout)).State);
        var halted = (await plane.Get<RolloutStore>().FindAsync(rollout.Id, Token))!;
        Assert.StartsWith("Wave 1 has 2 failures, and 1 are allowed: ", halted.StateReason, StringComparison.Ordinal);
        Assert.Empty((await DecideAsync(plane, rollout)).Next);

        Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Resume));
        Assert.Equal(RolloutStates.Running, (await DecideAsync(plane, rollout)).State);
        Assert.Equal(
            ["resume", "halt", "begin"], (await plane.Get<RolloutStore>().ListChangesAsync(rollout.Id, PageRequest.First, Token)).Items.Select(c => c.Action));
    }

    [Fact]
    public async Task Waves_come_one_after_the_other_and_the_end_closes_the_job()
    {
        await using var plane = await NewPlaneAsync(4);
        var rollout = await OpenedAsync(plane, Wanted() with { Waves = [new() { Count = 1 }, new() { Percent = 100 }], MaxConcurrent = 10 });
        var held = (await plane.Get<RolloutStore>().ListTenantsAsync(rollout.Id, null, 2, PageRequest.First, Token)).Items[0].Code;
        Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Hold, held));
        await EndAsync(plane, rollout, Assert.Single((await DecideAsync(plane, rollout)).Next));
        foreach (var tenant in (await DecideAsync(plane, rollout)).Next)
        {
            await EndAsync(plane, rollout, tenant);
        }

        // What is held keeps it open; what was suspended meanwhile is left out.
        var standing = await DecideAsync(plane, rollout);
        Assert.Equal((RolloutStates.Running, false, 0), (standing.State, standing.IsOver, standing.Next.Count));
        await plane.ScalarAsync<int>($"update control.tenants set state = 'suspended' where code = '{held}'");
        Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Release, held));
        Assert.True((await DecideAsync(plane, rollout)).IsOver);

        var job = (await plane.Jobs.FindAsync(rollout.JobId, Token))!;
        Assert.Equal("succeeded", job.Outcome);
        Assert.Contains("\"succeeded\": 3", job.Result, StringComparison.Ordinal);
        var skipped = Assert.Single((await plane.Get<RolloutStore>().ListTenantsAsync(rollout.Id, RolloutTenantStates.Skipped, null, PageRequest.First, Token)).Items);
        Assert.Equal("It was suspended when its turn came.", skipped.Reason);
        Assert.IsType<RolloutResult.WrongState>(await SteerAsync(plane, rollout, RolloutActions.Retry, held));
        Assert.IsType<RolloutResult.Done>(await OpenAsync(plane, Wanted("2")));
    }

    [Fact]
    public async Task What_is_steered_twice_is_done_once()
    {
        await using var plane = await NewPlaneAsync(3);
        var rollout = await OpenedAsync(plane, Wanted());

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => SteerAsync(plane, rollout, RolloutActions.Pause))));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => SteerAsync(plane, rollout, RolloutActions.Skip, "t-1"))));

        Assert.Equal(["skip", "pause", "begin"], (await plane.Get<RolloutStore>().ListChangesAsync(rollout.Id, PageRequest.First, Token)).Items.Select(c => c.Action));
        Assert.Empty((await DecideAsync(plane, rollout)).Next);
        Assert.IsType<RolloutResult.WrongState>(await SteerAsync(plane, rollout, RolloutActions.Rollback, "t-2"));
        Assert.IsType<RolloutResult.NotFound>(await SteerAsync(plane, rollout, RolloutActions.Skip, "nobody"));
        var cancelled = Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Cancel)).Rollout;
        Assert.Equal((RolloutStates.Cancelled, "test: as the test wants"), (cancelled.State, cancelled.StateReason));
        Assert.Equal("cancelled", (await plane.Jobs.FindAsync(rollout.JobId, Token))!.Outcome);
        Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Cancel));
        Assert.IsType<RolloutResult.WrongState>(await SteerAsync(plane, rollout, RolloutActions.Resume));
        Assert.True((await DecideAsync(plane, rollout)).IsOver);
    }

    [Fact]
    public async Task A_tenant_that_is_passed_over_can_be_wanted_after_all()
    {
        await using var plane = await NewPlaneAsync(2);
        await plane.ScalarAsync<int>("update control.tenants set state = 'suspended' where code = 't-2'");
        var rollout = await OpenedAsync(plane, Wanted());
        Assert.Equal((1, 1), (rollout.Tenants, rollout.PassedOver));
        await plane.ScalarAsync<int>("update control.tenants set state = 'active' where code = 't-2'");

        var done = Assert.IsType<RolloutResult.Done>(await SteerAsync(plane, rollout, RolloutActions.Retry, "t-2"));

        Assert.Equal((2, 0, 4), (done.Rollout.Tenants, done.Rollout.PassedOver, done.Tenant!.Wave));
    }

    [Fact]
    public async Task A_tenant_that_another_job_has_waits_for_its_turn()
    {
        await using var plane = await NewPlaneAsync(1);
        var rollout = await OpenedAsync(plane, Wanted());
        await plane.ScalarAsync<int>(
            "insert into control.jobs (id, kind, tenant_id, subject, requested_by, changing, created_at) select 'b-1', 'backup', id, code, 'x', false, now() from control.tenants where code = 't-1'");
        var standing = await DecideAsync(plane, rollout);
        Assert.Equal((1, 0), (standing.Pending, standing.Next.Count));
        await plane.ScalarAsync<int>("update control.jobs set finished_at = now(), outcome = 'succeeded' where id = 'b-1'");

        Assert.Single((await DecideAsync(plane, rollout)).Next);

        // A run that was followed by another decides nothing any more.
        Assert.True((await plane.Get<IRolloutProgress>().DecideAsync(new RunRolloutOrder { RolloutId = rollout.Id, Run = 2 }, Token)).IsOver);
    }

    private static NewRollout Wanted(string version = "19.0-2") => new()
    {
        Offer = "odoo-shared",
        Release = new ApplicationRelease { Version = version, Kind = UpgradeKinds.Sql, Statements = ["select 1"] },
        Waves = UsualWaves,
        MaxConcurrent = 2,
        Reason = "as the test wants",
        RequestedBy = "test",
    };

    private static Task<RolloutResult> OpenAsync(TestPlane plane, NewRollout wanted) =>
        CommittedAsync(plane, (c, t) => plane.Get<RolloutOpening>().OpenAsync(c, t, wanted, Token));

    private static async Task<Rollout> OpenedAsync(TestPlane plane, NewRollout wanted) => Assert.IsType<RolloutResult.Done>(await OpenAsync(plane, wanted)).Rollout;

    private static Task<RolloutResult> SteerAsync(TestPlane plane, Rollout rollout, string action, string? tenant = null)
    {
        var wish = new RolloutWish { RolloutId = rollout.Id, Action = action, Tenant = tenant, Who = "test", Why = "as the test wants" };
        var steering = plane.Get<RolloutSteering>();
        return CommittedAsync(plane, (c, t) => tenant is null ? steering.SteerAsync(c, t, wish, Token) : steering.SteerTenantAsync(c, t, wish, Token));
    }

    // What was refused is rolled back, as the API does.
    private static async Task<RolloutResult> CommittedAsync(TestPlane plane, Func<NpgsqlConnection, NpgsqlTransaction, Task<RolloutResult>> work)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var result = await work(connection, transaction);
        if (result is RolloutResult.Done)
        {
            await transaction.CommitAsync(Token);
        }

        return result;
    }

    private static Task<RolloutStanding> DecideAsync(TestPlane plane, Rollout rollout) =>
        plane.Get<IRolloutProgress>().DecideAsync(new RunRolloutOrder { RolloutId = rollout.Id }, Token);

    // As if its job had been started and had ended; twice says the same.
    private static async Task EndAsync(TestPlane plane, Rollout rollout, long tenant, string state = RolloutTenantStates.Succeeded, bool isFailure = false)
    {
        await plane.ScalarAsync<int>($"update control.rollout_tenants set state = 'running', job_id = 'job-{tenant}', started_at = now() where tenant_id = {tenant}");
        var end = new RolloutTenantEnd { TenantId = tenant, JobId = $"job-{tenant}", State = state, IsFailure = isFailure, OutageMs = 5 };
        await plane.Get<IRolloutProgress>().EndTenantAsync(rollout.Id, end, Token);
        await plane.Get<IRolloutProgress>().EndTenantAsync(rollout.Id, end with { State = RolloutTenantStates.Failed, IsFailure = true }, Token);
    }

    private async Task<TestPlane> NewPlaneAsync(int tenants)
    {
        var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync("odoo-1", 20_000);
        var seed = await plane.MustProvisionAsync("seed");
        await plane.Jobs.FinishAsync(seed.JobId, new Jobs.JobEnd { Outcome = Jobs.JobOutcomes.Succeeded }, Token);
        await AddAsync(plane, 1, tenants);
        await plane.ScalarAsync<int>($"update control.tenants set state = '{TenantStates.Failed}' where code = 'seed'");
        return plane;
    }

    private static Task<int> AddAsync(TestPlane plane, int from, int to) => plane.ScalarAsync<int>(
        $"""
        insert into control.tenants
        select (jsonb_populate_record(null::control.tenants, to_jsonb(t) || jsonb_build_object(
          'id', 1000 + n, 'code', 't-' || n, 'host', 't-' || n || '.example.com', 'database', 't-' || n, 'state', 'active', 'bucket', 't-' || n))).*
        from control.tenants t, generate_series({from}, {to}) n where t.code = 'seed'
        """);
}
