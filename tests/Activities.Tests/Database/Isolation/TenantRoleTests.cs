using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Suspensions;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database.Isolation;

/// <summary>Tenants with roles of their own, from the clone to the proof, at a real PostgreSQL behind a real PgBouncer.</summary>
[Collection(IsolatedServer.Collection)]
public sealed class TenantRoleTests : IAsyncLifetime
{
    private IsolatedServer _server = null!;
    private World _world = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await IsolatedServer.GetAsync();
        _world = World.Create(_server.Postgres, _server.Settings);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Application_reaches_the_tenants_database_as_the_tenants_role_and_owns_it()
    {
        var place = await ProvisionAsync();

        await using var session = await OpenThroughPoolerAsync(place.Database);
        Assert.Equal(place.DatabaseRole, await AskAsync<string>(session, "select session_user || ''"));
        Assert.Equal(LocalServer.ApplicationRole, await AskAsync<string>(session, "select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"));
        Assert.Equal(0L, await AskAsync<long>(
            session, "select count(*) from pg_class c where relnamespace = 'public'::regnamespace and pg_get_userbyid(relowner) <> session_user and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')"));
        Assert.Equal(place.BaseUrl, await AskAsync<string>(session, "select value::text from ir_config_parameter where key = 'web.base.url'"));
        await RunAsync(session, "create table mine (id int); create extension if not exists pg_trgm; drop table mine");
    }

    [Theory]
    [InlineData("alter database {neighbour} rename to gone")]
    [InlineData("alter database {own} rename to gone")]
    [InlineData("comment on database {own} is null")]
    [InlineData("alter database {own} is_template true")]
    [InlineData("set role odoo")]
    [InlineData("set role bibind_template")]
    [InlineData("set session authorization odoo")]
    [InlineData("grant odoo to current_user")]
    [InlineData("create role evil")]
    [InlineData("create database evil")]
    [InlineData("create extension dblink")]
    [InlineData("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'odoo'")]
    [InlineData("alter role odoo set search_path = evil")]
    [InlineData("alter role current_user superuser")]
    [InlineData("select bibind_roles.put_tenant_role('t_evil', 'SCRAM-SHA-256$x')")]
    [InlineData("copy (select 1) to program 'true'")]
    [InlineData("select pg_read_file('/etc/passwd')")]
    [InlineData("create event trigger evil on ddl_command_start execute function pg_catalog.now()")]
    public async Task A_tenants_SQL_cannot(string attack)
    {
        var (own, neighbour) = (await ProvisionAsync(), await ProvisionAsync());
        await using var session = await OpenThroughPoolerAsync(own.Database);
        await using var odoo = await OpenThroughPoolerAsync("postgres");
        var sql = attack.Replace("{own}", SqlText.Identifier(own.Database), StringComparison.Ordinal)
            .Replace("{neighbour}", SqlText.Identifier(neighbour.Database), StringComparison.Ordinal);

        await Assert.ThrowsAsync<PostgresException>(() => RunAsync(session, sql));
        Assert.Equal(1, await AskAsync<int>(odoo, "select 1"));
    }

    [Fact]
    public async Task A_tenants_role_opens_no_other_database_and_is_member_of_nothing()
    {
        var (own, neighbour) = (await ProvisionAsync(), await ProvisionAsync());
        var password = _world.Secrets.Values[Activities.Credentials.TenantSecrets.DatabaseRole(own.TenantId)];
        foreach (var database in new[] { neighbour.Database, LocalServer.ControlDatabase, IsolatedServer.Template, "postgres", "template1", TenantIsolation.EmptyDatabase })
        {
            await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(_server.Postgres.Port, database, own.DatabaseRole!, password));
        }

        Assert.Equal(
            [own.DatabaseRole!],
            (await _world.AskAsync<string[]>($"select array_agg(rolname::text) from pg_roles where pg_has_role('{own.DatabaseRole}', oid, 'member')"))!);
    }

    [Fact]
    public async Task A_suspended_tenant_gets_in_neither_by_the_pooler_nor_with_a_password_that_it_chose()
    {
        const string Known = "chosen-by-the-tenant-0123456789";
        var place = await ProvisionAsync();
        await using (var session = await OpenThroughPoolerAsync(place.Database))
        {
            await RunAsync(session, $"alter role {place.DatabaseRole} password '{Known}'");
        }

        await using var inside = await OpenAsync(_server.Postgres.Port, place.Database, place.DatabaseRole!, Known);
        ((MemorySuspensions)_world.Get<ISuspensions>()).Suspend(place);
        await _world.RunAsync<ShutSuspendedDatabase, TenantDescriptor, DatabaseShut>(place, TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync<int>(inside, "select 1"));
        await AssertClosedAsync();
        Assert.NotEmpty((await _world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"))).Key);
        await AssertClosedAsync();

        ((MemorySuspensions)_world.Get<ISuspensions>()).Lift(place);
        await _world.RunAsync<HandOverApplication>(place);
        await using var open = await OpenThroughPoolerAsync(place.Database);
        Assert.Equal(place.DatabaseRole, await AskAsync<string>(open, "select session_user || ''"));
        await RunAsync(open, "create table mine (id int); create temporary table own (id int); drop table mine");

        async Task AssertClosedAsync()
        {
            var password = _world.Secrets.Values[Activities.Credentials.TenantSecrets.DatabaseRole(place.TenantId)];
            await Assert.ThrowsAsync<PostgresException>(() => OpenThroughPoolerAsync(place.Database));
            await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(_server.Postgres.Port, place.Database, place.DatabaseRole!, Known));
            await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(_server.Postgres.Port, place.Database, place.DatabaseRole!, password));
            await Assert.ThrowsAsync<PostgresException>(
                () => OpenAsync(_server.Postgres.Port, place.Database, LocalServer.ApplicationRole, _server.Postgres.PasswordOf(LocalServer.ApplicationRole)));
        }
    }

    [Fact]
    public async Task Backup_restores_and_removal_go_through_the_tenants_role_and_leave_nothing()
    {
        var place = await ProvisionAsync();
        await _world.ExecuteAsync("update res_company set name = 'before'", place.Database);
        var backup = await _world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));
        var reference = new BackupRef(place.TenantId, $"{place.JobId}-manual");
        Assert.NotEmpty(backup.Key);
        await _world.RunAsync<VerifyBackup, VerifyRequest, BackupReceipt>(new VerifyRequest(place, reference));

        await _world.ExecuteAsync("update res_company set name = 'after'", place.Database);
        await _world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(new RestoreRequest(place, reference, Replace: true));
        await _world.RunAsync<HandOverApplication>(place);
        await using (var session = await OpenThroughPoolerAsync(place.Database))
        {
            Assert.Equal("before", await AskAsync<string>(session, "select name::text from res_company limit 1"));
            await RunAsync(session, "create table mine (id int); drop table mine");
        }

        var copy = NewPlace();
        await _world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(new RestoreRequest(copy, reference, Replace: false));
        await _world.RunAsync<HandOverApplication>(copy);
        await using (var session = await OpenThroughPoolerAsync(copy.Database))
        {
            Assert.Equal(copy.DatabaseRole, await AskAsync<string>(session, "select pg_get_userbyid(relowner)::text from pg_class where relname = 'res_company'"));
        }

        foreach (var gone in new[] { place, copy })
        {
            await _world.RunAsync<DropDatabase>(gone);
            var inventory = await _world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(gone, KeepBackups: true));
            Assert.All(inventory.Items.Where(i => i.Kind is "database" or "role" or "pooler-entry"), i => Assert.Equal(InventoryItem.Absent, i.State));
            Assert.Contains(inventory.Items, i => i.Kind == "role" && i.Name == gone.DatabaseRole);
        }
    }

    [Fact]
    public async Task A_clone_whose_giver_died_half_way_is_finished_by_the_retry()
    {
        var place = NewPlace();
        await using (var session = await _world.Get<PostgresConnector>().OpenMaintenanceAsync(1, "test", TestContext.Current.CancellationToken))
        {
            await _world.Get<TenantRoleLifecycle>().PutAsync(session, place, TestContext.Current.CancellationToken);
            await TenantRoles.LendAsync(session, place.DatabaseRole!, TenantIsolation.TemplateRole, isLent: true, TestContext.Current.CancellationToken);
        }

        await ProvisionAsync(place);
        Assert.False(await _world.AskAsync<bool>($"select pg_has_role('{TenantIsolation.TemplateRole}', '{place.DatabaseRole}', 'member')"));
        Assert.Equal(0L, await _world.AskAsync<long>($"select count(*) from pg_database where pg_get_userbyid(datdba) = '{TenantIsolation.TemplateRole}'"));
    }

    [Fact]
    public async Task An_inventory_sees_each_half_that_an_undo_has_to_remove()
    {
        var place = NewPlace();
        await using (var session = await _world.Get<PostgresConnector>().OpenMaintenanceAsync(1, "test", TestContext.Current.CancellationToken))
        {
            await _world.Get<TenantRoleLifecycle>().PutAsync(session, place, TestContext.Current.CancellationToken);
            await _world.Get<TenantRoleLifecycle>().PublishAsync(session.Server, place, TestContext.Current.CancellationToken);
        }

        Assert.Equal(["pooler-entry", "role"], await PresentAsync(place));
        await _world.RunAsync<DropDatabase>(place);
        Assert.Empty(await PresentAsync(place));
    }

    private async Task<IReadOnlyList<string>> PresentAsync(TenantDescriptor place) =>
        [.. (await _world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: true)))
            .Items.Where(i => i.State == InventoryItem.Present && i.Kind != "secret").Select(i => i.Kind).Order(StringComparer.Ordinal)];

    private static TenantDescriptor NewPlace()
    {
        var place = World.NewPlace() with { TemplateDatabase = IsolatedServer.Template };
        return place with { DatabaseRole = TenantRoles.NameOf(place) };
    }

    private async Task<TenantDescriptor> ProvisionAsync(TenantDescriptor? place = null)
    {
        place = await _world.CloneAsync(place ?? NewPlace());
        await _world.RunAsync<ConfigureApplication>(place);
        await _world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private Task<NpgsqlConnection> OpenThroughPoolerAsync(string database) =>
        OpenAsync(_server.Pooler.Port, database, LocalServer.ApplicationRole, _server.Postgres.PasswordOf(LocalServer.ApplicationRole));

    private static async Task<NpgsqlConnection> OpenAsync(int port, string database, string user, string password)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Database = database,
            Username = user,
            Password = password,
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<T?> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
