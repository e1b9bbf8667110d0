using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Staging;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Database.Isolation;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Activities.Usage;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Hostile;

/// <summary>
/// What a tenant plants in his database, run through every operation that enters one: it runs as nobody who has more than he has, and he
/// holds nothing afterwards that he did not hold before.
/// </summary>
[Collection(IsolatedServer.Collection)]
public sealed class HostileDatabaseTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> Vectors
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var vector in HostileVector.All)
            {
                data.Add(vector.Name, HostileMode.Shared);
                data.Add(vector.Name, HostileMode.Role);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task What_a_tenant_plants_gains_him_nothing_by_any_operation(string name, string isolation)
    {
        var vector = HostileVector.All.Single(v => v.Name == name);
        var mode = await HostileMode.StartAsync(isolation);
        await using var world = mode.World;
        var attack = new Attack(mode, vector);
        var place = await attack.LiveTenantAsync();
        var watch = await ClusterWatch.BeginAsync(mode, place);
        await attack.PlantAsync(place, place.Database);

        await attack.TryAsync("set address", () => world.RunAsync<SetApplicationAddress>(place with { BaseUrl = $"https://moved-{place.Host}" }));
        await attack.TryAsync("set address back", () => world.RunAsync<SetApplicationAddress>(place));
        await attack.TryAsync("smoke test", () => world.RunAsync<SmokeTestApplication, TenantDescriptor, StepOutcome>(place));
        await attack.TryAsync(
            "usage", () => world.Get<TenantUsageMeter>().MeasureAsync(place, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        await attack.TryAsync(
            "inventory", () => world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false)));
        await attack.TryAsync("backup", () => RestoreSteps.TakeAsync(world, place));
        await attack.BackedUpAsync(place);
        await attack.ConfigureNeighbourAsync(place);
        await attack.BuildTemplateAsync();

        output.WriteLine(string.Join('\n', attack.Said));
        var runs = await watch.AssertNothingTakenAsync(attack.Label);
        Assert.True(runs > 0 || !vector.IsRun || attack.IsRefused, "Nothing ran what was planted, so nothing was proved.");
        Assert.True(attack.Failures.Count == 0 || !vector.IsHarmless, string.Join('\n', attack.Failures));
    }

    [Fact]
    public async Task A_poisoned_template_cannot_be_made_since_the_application_cannot_open_one()
    {
        var mode = await HostileMode.StartAsync(HostileMode.Shared);
        await using var world = mode.World;
        var order = await world.InitialisedAsync();
        await using (var odoo = await world.OpenAsync(order.Database, LocalServer.ApplicationRole))
        {
            // While it is built the builder is in it, and his session ends with the building.
            await world.MarkReadyAsync(order);
            await using var late = new NpgsqlCommand("create table planted ()", odoo);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => late.ExecuteNonQueryAsync());
        }

        var watch = await ClusterWatch.BeginAsync(mode, mode.NewPlace(), order.Database);
        await watch.AssertNothingTakenAsync("none");
        Assert.Equal(
            LocalServer.MaintenanceRole,
            await world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{order.Database}'"));
    }

    [Fact]
    public async Task Nobody_enters_a_tenants_database_as_the_maintenance_role()
    {
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { ApplicationPassword = null };
        var place = World.NewPlace();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<SetApplicationAddress>(place));

        Assert.Contains("has no password of its application's role 'odoo'", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>One vector on its way through the operations.</summary>
    private sealed class Attack(HostileMode mode, HostileVector vector)
    {
        private readonly World world = mode.World;

        public string Label { get; } = Guid.NewGuid().ToString("n");

        public List<string> Said { get; } = [];

        /// <summary>True if PostgreSQL did not even let it be planted.</summary>
        public bool IsRefused { get; private set; }

        public List<string> Failures { get; } = [];

        public async Task<TenantDescriptor> LiveTenantAsync()
        {
            var place = await world.CloneAsync(mode.NewPlace());
            await world.RunAsync<ConfigureApplication>(place);
            await world.RunAsync<HandOverApplication>(place);
            return place;
        }

        /// <summary>As the tenant's SQL runs, as a server action would.</summary>
        public async Task PlantAsync(TenantDescriptor place, string database)
        {
            await using var tenant = await mode.OpenAsAsync(place, database);
            await PlantAsync(tenant, HostileMode.RoleOf(place));
        }

        private async Task PlantAsync(NpgsqlConnection connection, string role)
        {
            await using (var function = new NpgsqlCommand(HostileFunction.Sql(Label, mode.Template, role), connection))
            {
                await function.ExecuteNonQueryAsync();
            }

            try
            {
                await using var command = new NpgsqlCommand(vector.Sql.Replace("odoo", role, StringComparison.Ordinal), connection);
                await command.ExecuteNonQueryAsync();
            }
            catch (PostgresException refused) when (mode.IsIsolated && refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                // With a role of his own a tenant does not own his database.
                IsRefused = true;
                Said.Add($"planting: {refused.MessageText}");
            }
        }

        // A tenant may break his own operations; it is said, and gains him nothing.
        public async Task<bool> TryAsync(string operation, Func<Task> run)
        {
            try
            {
                await run();
                Said.Add($"{operation}: done");
                return true;
            }
            catch (ActivityFailureException failure)
            {
                Said.Add($"{operation}: {failure.Message}");
                Failures.Add($"{operation}: {failure.Message}");
                return false;
            }
        }

        public async Task BackedUpAsync(TenantDescriptor place)
        {
            var backup = new BackupRef(place.TenantId, $"{place.JobId}-manual");
            await TryAsync("trial", () => RestoreSteps.VerifyAsync(world, place, backup));
            if (await TryAsync("restore in place", () => RestoreSteps.RestoreAsync(world, place, backup, replace: true)))
            {
                await TryAsync("hand over again", () => world.RunAsync<HandOverApplication>(place));
            }

            var newcomer = mode.NewPlace();
            GivePasswords(newcomer);
            if (await TryAsync("restore as new", () => RestoreSteps.RestoreAsync(world, newcomer, backup)))
            {
                await TryAsync("adopt", () => world.RunAsync<AdoptApplication>(newcomer));
                await TryAsync("set address of the new one", () => world.RunAsync<SetApplicationAddress>(newcomer));
                await TryAsync("hand over the new one", () => world.RunAsync<HandOverApplication>(newcomer));
            }

            await StagedAsync(place, backup);
        }

        // A copy may be refused for what is planted; it is never one that something goes out of.
        private async Task StagedAsync(TenantDescriptor place, BackupRef backup)
        {
            var copy = mode.NewPlace() with { StagingOf = place.TenantId };
            GivePasswords(copy);
            try
            {
                await RestoreSteps.RestoreAsync(world, copy, backup);
                await world.RunAsync<NeutraliseStagingCopy, StagingTarget, StagingReport>(
                    new StagingTarget(copy, [new MaskingRule { Table = "res_partner", Column = "street", Method = MaskingMethods.Hash }]));
                Said.Add("staging: done");
                Assert.Equal(0, await world.AskAsync<long>("select count(*) from public.ir_cron where active", copy.Database));
                await TryAsync("hand over the staging copy", () => world.RunAsync<HandOverApplication>(copy));
            }
            catch (ActivityFailureException refused)
            {
                Said.Add($"staging: {refused.Message}");
            }
        }

        /// <summary>The neighbour's clone comes with what is planted, as if its template had it.</summary>
        public async Task ConfigureNeighbourAsync(TenantDescriptor attacker)
        {
            var neighbour = await world.CloneAsync(mode.NewPlace());

            // With one shared role the attacker may enter, and makes nothing there; with a role of his own he does not even come in.
            var refused = await Assert.ThrowsAsync<PostgresException>(() => PlantAsync(attacker, neighbour.Database));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            if (!mode.IsIsolated)
            {
                await world.ExecuteAsync($"grant create on schema public to odoo; grant create on database {neighbour.Database} to odoo", neighbour.Database);
            }

            await PlantAsync(neighbour, neighbour.Database);
            await TryAsync("configure a neighbour", () => world.RunAsync<ConfigureApplication>(neighbour));
        }

        public async Task BuildTemplateAsync()
        {
            var order = TemplateWorld.NewOrder();
            await world.RunAsync<CreateTemplateDatabase>(order);
            await world.RunAsync<InitialiseTemplate>(order);
            await using (var builder = await mode.OpenAsBuilderAsync(order.Database))
            {
                await PlantAsync(builder, mode.BuilderRole);
            }

            await TryAsync("smoke test of a template", () => world.RunAsync<SmokeTestTemplate>(order));
            if (await TryAsync("template build", () => world.MarkReadyAsync(order)))
            {
                var customer = mode.NewPlace() with { TemplateDatabase = order.Database };
                GivePasswords(customer);
                await TryAsync("clone", () => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(customer));
            }
        }

        private void GivePasswords(TenantDescriptor place)
        {
            world.Secrets.Values[TenantSecrets.Administrator(place.TenantId)] = "administrator-password";
            world.Secrets.Values[TenantSecrets.AdministratorHash(place.TenantId)] = PasslibPbkdf2Sha512.Hash("administrator-password", rounds: 1000);
            world.Secrets.Values[TenantSecrets.User(place.TenantId)] = "standard-user-password";
        }
    }
}
