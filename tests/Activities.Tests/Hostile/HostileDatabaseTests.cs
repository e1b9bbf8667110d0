using Bibind.Activities.Application;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Activities.Inventory;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Hostile;

/// <summary>
/// What a tenant plants in his database, run through every operation that enters one: it runs as nobody who has more than he has, and he
/// holds nothing afterwards that he did not hold before.
/// </summary>
public sealed class HostileDatabaseTests(ITestOutputHelper output)
{
    public static TheoryData<string> Vectors => new(HostileVector.All.Select(v => v.Name));

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task What_a_tenant_plants_gains_him_nothing_by_any_operation(string name)
    {
        var vector = HostileVector.All.Single(v => v.Name == name);
        await using var world = await TemplateWorld.CreateAsync();
        var watch = await ClusterWatch.BeginAsync(world, OdooTemplateFixture.Database);
        var attack = new Attack(world, vector);
        var place = await attack.LiveTenantAsync();
        await attack.PlantAsync(place.Database);

        await attack.TryAsync("set address", () => world.RunAsync<SetApplicationAddress>(place with { BaseUrl = $"https://moved-{place.Host}" }));
        await attack.TryAsync("set address back", () => world.RunAsync<SetApplicationAddress>(place));
        await attack.TryAsync("smoke test", () => world.RunAsync<SmokeTestApplication, TenantPlace, StepOutcome>(place));
        await attack.TryAsync(
            "inventory", () => world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false)));
        await attack.TryAsync("backup", () => RestoreSteps.TakeAsync(world, place));
        await attack.BackedUpAsync(place);
        await attack.ConfigureNeighbourAsync();
        await attack.BuildTemplateAsync();

        output.WriteLine(string.Join('\n', attack.Said));
        var runs = await watch.AssertNothingTakenAsync(attack.Label);
        Assert.True(runs > 0 || !vector.IsRun, "Nothing ran what was planted, so nothing was proved.");
        Assert.True(attack.Failures.Count == 0 || !vector.IsHarmless, string.Join('\n', attack.Failures));
    }

    [Fact]
    public async Task A_poisoned_template_cannot_be_made_since_the_application_cannot_open_one()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await using (var odoo = await world.OpenAsync(order.Database, LocalServer.ApplicationRole))
        {
            // While it is built the builder is in it, and his session ends with the building.
            await world.MarkReadyAsync(order);
            await using var late = new NpgsqlCommand("create table planted ()", odoo);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => late.ExecuteNonQueryAsync());
        }

        var watch = await ClusterWatch.BeginAsync(world, order.Database);
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
    private sealed class Attack(World world, HostileVector vector)
    {
        public string Label { get; } = Guid.NewGuid().ToString("n");

        public List<string> Said { get; } = [];

        public List<string> Failures { get; } = [];

        public async Task<TenantPlace> LiveTenantAsync()
        {
            var place = await world.CloneAsync();
            await world.RunAsync<ConfigureApplication>(place);
            await world.RunAsync<HandOverApplication>(place);
            return place;
        }

        /// <summary>As the role that the application logs in as, as a server action would.</summary>
        public async Task PlantAsync(string database)
        {
            await using var tenant = await world.OpenAsync(database, LocalServer.ApplicationRole);
            foreach (var sql in new[] { HostileFunction.Sql(Label, OdooTemplateFixture.Database), vector.Sql })
            {
                await using var command = new NpgsqlCommand(sql, tenant);
                await command.ExecuteNonQueryAsync();
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
            catch (Exception failure) when (failure is PermanentFailureException or TransientFailureException)
            {
                Said.Add($"{operation}: {failure.Message}");
                Failures.Add($"{operation}: {failure.Message}");
                return false;
            }
        }

        public async Task BackedUpAsync(TenantPlace place)
        {
            var backup = new BackupRef(place.TenantId, $"{place.JobId}-manual");
            await TryAsync("trial", () => RestoreSteps.VerifyAsync(world, place, backup));
            if (await TryAsync("restore in place", () => RestoreSteps.RestoreAsync(world, place, backup, replace: true)))
            {
                await TryAsync("hand over again", () => world.RunAsync<HandOverApplication>(place));
            }

            var newcomer = World.NewPlace();
            GivePasswords(newcomer);
            if (await TryAsync("restore as new", () => RestoreSteps.RestoreAsync(world, newcomer, backup)))
            {
                await TryAsync("adopt", () => world.RunAsync<AdoptApplication>(newcomer));
                await TryAsync("set address of the new one", () => world.RunAsync<SetApplicationAddress>(newcomer));
                await TryAsync("hand over the new one", () => world.RunAsync<HandOverApplication>(newcomer));
            }
        }

        /// <summary>The neighbour's clone comes with what is planted, as if its template had it.</summary>
        public async Task ConfigureNeighbourAsync()
        {
            var neighbour = await world.CloneAsync();

            // Before the hand-over its login makes nothing in a clone; it is entered by the attacker with one shared role.
            var refused = await Assert.ThrowsAsync<PostgresException>(() => PlantAsync(neighbour.Database));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            await world.ExecuteAsync($"grant create on schema public to odoo; grant create on database {neighbour.Database} to odoo", neighbour.Database);
            await PlantAsync(neighbour.Database);
            await TryAsync("configure a neighbour", () => world.RunAsync<ConfigureApplication>(neighbour));
        }

        public async Task BuildTemplateAsync()
        {
            var order = TemplateWorld.NewOrder();
            await world.RunAsync<CreateTemplateDatabase>(order);
            await world.RunAsync<InitialiseTemplate>(order);
            await PlantAsync(order.Database);
            await TryAsync("smoke test of a template", () => world.RunAsync<SmokeTestTemplate>(order));
            if (await TryAsync("template build", () => world.MarkReadyAsync(order)))
            {
                var customer = World.NewPlace() with { TemplateDatabase = order.Database };
                GivePasswords(customer);
                await TryAsync("clone", () => world.RunAsync<CloneDatabase, TenantPlace, CloneResult>(customer));
            }
        }

        private void GivePasswords(TenantPlace place)
        {
            world.Secrets.Values[TenantSecrets.Administrator(place.TenantId)] = "administrator-password";
            world.Secrets.Values[TenantSecrets.AdministratorHash(place.TenantId)] = PasslibPbkdf2Sha512.Hash("administrator-password", rounds: 1000);
            world.Secrets.Values[TenantSecrets.User(place.TenantId)] = "standard-user-password";
        }
    }
}
