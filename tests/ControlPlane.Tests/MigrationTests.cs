using Bibind.ControlPlane.Schema;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Bibind.ControlPlane.Tests;

public sealed class MigrationTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_second_run_applies_nothing()
    {
        await using var database = await cluster.NewDatabaseAsync();
        var first = await Migrator(database).ApplyAsync(CancellationToken.None);
        Assert.Equal(Migration.Embedded().Count, first);
        Assert.Equal(0, await Migrator(database).ApplyAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Eight_hosts_that_start_at_once_all_succeed_and_apply_each_migration_once()
    {
        await using var database = await cluster.NewDatabaseAsync();
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Migrator(database).ApplyAsync(CancellationToken.None))));
        Assert.Equal(Migration.Embedded().Count, counts.Sum());
        Assert.Single(counts, c => c > 0);
    }

    [Fact]
    public async Task A_changed_migration_is_refused_by_name()
    {
        await using var database = await cluster.NewDatabaseAsync();
        await Migrator(database).ApplyAsync([new Migration(1, "0001_first", "create table control.one (id int)")], CancellationToken.None);
        var error = await Assert.ThrowsAsync<SchemaMismatchException>(() =>
            Migrator(database).ApplyAsync([new Migration(1, "0001_first", "create table control.two (id int)")], CancellationToken.None));
        Assert.Contains("0001_first", error.Message, StringComparison.Ordinal);
        Assert.Contains("never edited", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_and_can_be_repeated()
    {
        await using var database = await cluster.NewDatabaseAsync();
        await Assert.ThrowsAsync<PostgresException>(() => Migrator(database).ApplyAsync(
            [new Migration(1, "0001_first", "create table control.one (id int); select 1/0")], CancellationToken.None));
        Assert.Equal(1, await Migrator(database).ApplyAsync([new Migration(1, "0001_first", "create table control.one (id int)")], CancellationToken.None));
    }

    [Fact]
    public void A_migration_says_whether_hosts_of_the_version_before_work_on_beside_it()
    {
        // Those of before the rule stay as they were applied.
        const int FirstWithTheRule = 90;

        Assert.All(
            Migration.Embedded().Where(m => m.Version >= FirstWithTheRule),
            m => Assert.Matches("\\A(expands|contracts): .+", m.Summary));
    }

    [Fact]
    public async Task A_newer_schema_is_worked_beside_if_it_only_expands()
    {
        await using var database = await cluster.NewDatabaseAsync();
        var first = new Migration(1, "0001_first", "create table control.one (id int)");
        var second = new Migration(2, "0002_second", "-- expands: one more table\ncreate table control.two (id int)");
        var third = new Migration(3, "0003_third", "-- contracts: nobody needs it any more\ndrop table control.one");
        await Migrator(database).ApplyAsync([first, second], CancellationToken.None);

        Assert.Equal(0, await Migrator(database).ApplyAsync([first], CancellationToken.None));
        await Migrator(database).ApplyAsync([first, second, third], CancellationToken.None);
        var refused = await Assert.ThrowsAsync<NewerSchemaException>(() => Migrator(database).ApplyAsync([first, second], CancellationToken.None));
        Assert.Contains("0003_third", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_sold_before_there_were_versions_is_version_1()
    {
        const int Versions = 121;
        await using var database = await cluster.NewDatabaseAsync();
        await Migrator(database).ApplyAsync([.. Migration.Embedded().Where(m => m.Version < Versions)], CancellationToken.None);
        await using (var connection = await database.OpenConnectionAsync())
        {
            // As operators and hosts of the version before left it: a plan that was changed by hand, and a tenant of it.
            await connection.ExecuteAsync(
                """
                update control.plans set grace_days = 99 where code = 'pro';
                insert into control.servers (id, code, name, url, db_password_secret, created_at) values (7, 'odoo-1', 'One', 'http://one', 'secret', now());
                insert into control.tenants (
                  code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency,
                  state, requested_by, created_at)
                values ('acme', 'Acme', 'odoo-shared', 'pro', 'blank', 'template_blank', 7, 'acme', 'acme.example', 'http://acme.example', 'acme', 'en_US',
                        'UTC', 'EUR', 'active', 'test', now())
                """);
        }

        await Migrator(database).ApplyAsync(CancellationToken.None);

        await using var after = await database.OpenConnectionAsync();
        Assert.Equal(
            (1, 1, 99),
            await after.QuerySingleAsync<(int, int, int)>(
                """
                select t.offer_version, t.plan_version, p.grace_days
                from control.tenants t join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
                """));
        Assert.Equal(5, await after.ExecuteScalarAsync<int>(
            "select (select count(*) from control.plan_versions where version = 1)::int + (select count(*) from control.offer_versions where version = 1)::int"));
    }

    [Fact]
    public void Line_endings_do_not_change_a_checksum() =>
        Assert.Equal(new Migration(1, "a", "x\ny\n").Checksum, new Migration(1, "a", "x\r\ny\r\n").Checksum);

    [Fact]
    public async Task Refused_deliveries_of_webhooks_are_listed_with_those_that_come_later()
    {
        const int Log = 156;
        await using var database = await cluster.NewDatabaseAsync();
        await Migrator(database).ApplyAsync([.. Migration.Embedded().Where(m => m.Version < Log)], CancellationToken.None);
        await using var connection = await database.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into control.webhook_refusals (received_at, caller, model, record_id, status, kind, reason, errors)
            values (now(), 'console', 'sale.order', 7, 422, 'invalid-command', 'It is wrong.', '{"x_code": ["is wrong"]}'), (now(), 'console', null, null, 400, 'unreadable-request', 'It is no JSON.', null)
            """);
        await Migrator(database).ApplyAsync(CancellationToken.None);
        Assert.Equal(
            "refused sale.order 7 422 invalid-command, refused 400 unreadable-request",
            await connection.ExecuteScalarAsync<string>("select string_agg(concat_ws(' ', state, model, record_id, status, kind), ', ' order by id) from control.webhook_log"));
    }

    [Fact]
    public async Task The_lock_is_given_back()
    {
        await using var database = await cluster.NewDatabaseAsync();
        await Migrator(database).ApplyAsync(CancellationToken.None);
        await using var connection = await database.OpenConnectionAsync();
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>(
            "select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"));
    }

    private static ControlDatabaseMigrator Migrator(NpgsqlDataSource database) =>
        new(database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance);
}
