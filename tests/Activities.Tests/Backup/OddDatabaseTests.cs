using Bibind.Activities.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>Databases that are not as the application makes them: what does not come back is said when the backup is taken.</summary>
public sealed class OddDatabaseTests
{
    [Fact]
    public async Task What_only_a_superuser_can_make_is_left_out_and_said_so()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            create extension postgres_fdw;
            create extension dblink;
            comment on extension dblink is 'of the operator';
            create server elsewhere foreign data wrapper postgres_fdw options (host 'example.org');
            create user mapping for public server elsewhere options (password 'secret');
            create foreign table far (id int, name text default 'x') server elsewhere;
            comment on foreign table far is 'far';
            comment on column far.name is 'far away';
            create view through as select * from dblink('dbname=postgres', 'select 1') as t(id int);
            comment on view through is 'through';
            create function watch() returns event_trigger language plpgsql as 'begin end';
            create event trigger watcher on ddl_command_end execute function watch();
            create publication everything for all tables;
            create function fast(text) returns boolean language plpgsql leakproof as 'begin return true; end';
            create cast (text as bytea) without function;
            alter default privileges in schema public grant select on tables to public;
            """,
            place.Database);

        var taken = await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));
        var backup = new BackupRef(place.TenantId, $"{place.JobId}-manual");
        var newcomer = World.NewPlace();
        var restored = await RestoreAsync(world, newcomer, backup);
        var receipt = await VerifyAsync(world, place, backup);

        foreach (var note in new[] { Assert.Single(taken.Notes), restored.Note!, Assert.Single(receipt.Notes), Assert.Single(world.Backups.Rows[backup.BackupId].Notes) })
        {
            Assert.All(
                ["extension dblink", "event trigger watcher", "cast"],
                what => Assert.Contains(what, note, StringComparison.Ordinal));
        }

        Assert.Equal(
            "0 0 0 0",
            await world.AskAsync<string>(
                """
                select format('%s %s %s %s', (select count(*) from pg_extension where extname in ('dblink', 'postgres_fdw')), (select count(*) from pg_foreign_server),
                  (select count(*) from pg_class where relname in ('far', 'through')), (select count(*) from pg_event_trigger))
                """,
                newcomer.Database));
        Assert.Equal(
            await world.AskAsync<long>("select count(*) from res_users", place.Database), await world.AskAsync<long>("select count(*) from res_users", newcomer.Database));
    }

    [Fact]
    public async Task A_backup_of_before_that_has_an_untrusted_extension_is_restored_without_it()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync("create extension dblink; comment on extension dblink is 'of the operator'", place.Database);
        var backup = await TakeAsync(world, place);
        await ChangeManifestAsync(world, place, m => m with { Needs = null, LocaleProvider = null });

        var restored = await RestoreAsync(world, World.NewPlace(), backup);

        Assert.Contains("extension dblink", restored.Note, StringComparison.Ordinal);
        Assert.Contains("extension dblink", Assert.Single((await VerifyAsync(world, place, backup)).Notes), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Unrestorable => new()
    {
        { "create type opaque; create function opaque_in(cstring) returns opaque language internal immutable strict as 'textin'; create function opaque_out(opaque) returns cstring language internal immutable strict as 'textout'; create type opaque (input = opaque_in, output = opaque_out); create table holds (id int, value opaque)", "holds" },
        { "create function internal_now() returns timestamptz language internal as 'now'; create table holds (id int, at timestamptz default internal_now())", "holds" },
        { "create table holds (id int); alter table holds owner to postgres; revoke all on holds from public", "holds" },
        { "create table holds (id int); alter table holds owner to odoo; alter table holds enable row level security; alter table holds force row level security", "holds" },
        { "create schema hidden; create table hidden.holds (id int)", "holds" },
        { "select lo_from_bytea(4711, 'x'); alter large object 4711 owner to postgres", "4711" },
    };

    [Theory]
    [MemberData(nameof(Unrestorable))]
    public async Task A_database_that_could_not_be_restored_is_not_backed_up(string sql, string named)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(sql, place.Database);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => TakeAsync(world, place));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.Empty(world.Backups.Rows);
    }

    [Fact]
    public async Task What_an_owner_may_make_comes_back_whole()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            create extension if not exists pg_trgm; create extension if not exists hstore; create extension if not exists unaccent;
            do $do$ begin execute format('grant create on database %I to odoo', current_database()); end $do$;
            grant create on schema public to odoo;
            set role odoo;
            create schema more;
            create table more.parts (id int, at date, words text) partition by range (at);
            create table more.parts_1 partition of more.parts for values from ('2020-01-01') to ('2030-01-01');
            insert into more.parts values (1, '2025-01-01', 'one');
            create index on more.parts using gin (words public.gin_trgm_ops);
            create unlogged table more.fleeting (id int); insert into more.fleeting values (1);
            create sequence more.odd increment by 7; select nextval('more.odd');
            create domain more.positive as int check (value > 0);
            create type more.mood as enum ('glad', 'sad');
            create table more.people (id more.positive, mood more.mood, tags public.hstore, twice int generated always as (id * 2) stored);
            insert into more.people (id, mood, tags) values (1, 'glad', 'a=>b');
            create materialized view more.counted as select count(*) as n from more.people;
            create materialized view more.doubled as select n * 2 as n from more.counted;
            create materialized view more.never as select 1 as n with no data;
            set search_path = more, public;
            create function more.short() returns int language sql as 'select count(*)::int from people';
            create materialized view more.broken as select more.short() as n;
            select lo_from_bytea(0, 'large');
            create policy mine on more.people for select using (true); alter table more.people enable row level security;
            create statistics more.known on id, mood from more.people;
            """,
            place.Database);
        var backup = await TakeAsync(world, place);
        var newcomer = World.NewPlace();

        var restored = await RestoreAsync(world, newcomer, backup);

        Assert.Contains("'broken' is empty", restored.Note, StringComparison.Ordinal);
        Assert.DoesNotContain("Left out", restored.Note, StringComparison.Ordinal);
        const string Content =
            """
            select format('%s %s %s %s %s %s', (select n from more.counted), (select n from more.doubled), (select count(*) from more.parts),
              (select last_value from more.odd), (select count(*) from pg_largeobject_metadata), (select twice from more.people))
            """;
        Assert.Equal(await world.AskAsync<string>(Content, place.Database), await world.AskAsync<string>(Content, newcomer.Database));
        Assert.True(await world.AskAsync<bool>("select count(*) > 50 from pg_stats where schemaname = 'public'", newcomer.Database));
    }

    [Theory]
    [InlineData("de-DE-u-co-phonebk")]
    [InlineData("und-u-ks-level2")]
    public async Task A_database_ordered_by_icu_comes_back_with_its_provider_and_locale(string locale)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync($"alter database {place.Database} is_template false");
        await world.ExecuteAsync($"drop database {place.Database} with (force)");
        await world.ExecuteAsync($"create database {place.Database} template template0 owner odoo locale_provider icu icu_locale '{locale}' lc_collate 'C' lc_ctype 'C' encoding 'UTF8'");
        await world.AdoptAsync(place);
        await world.ExecuteAsync(
            """
            set role odoo;
            create table ir_module_module (name text, latest_version text); create table res_users (id int); create table res_company (id int); create table ir_attachment (id int, store_fname text);
            create collation shouting (provider = icu, locale = 'en-u-kf-upper'); create table named (name text collate shouting)
            """,
            place.Database);
        var backup = await TakeAsync(world, place);
        var newcomer = World.NewPlace();

        await RestoreAsync(world, newcomer, backup);

        string Locale(string database) => $"select format('%s %s %s', datlocprovider, coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), datcollate) from pg_database d where datname = '{database}'";
        Assert.Equal($"i {locale} C", await world.AskAsync<string>(Locale(newcomer.Database)));
        Assert.Equal("shouting", await world.AskAsync<string>(
            "select c.collname::text from pg_attribute a join pg_collation c on c.oid = a.attcollation where a.attrelid = 'named'::regclass and a.attname = 'name'", newcomer.Database));
    }

    [Fact]
    public async Task The_planner_knows_what_lies_in_a_restored_database()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync("create table counted as select n from generate_series(1, 1000) n; alter table counted owner to odoo", place.Database);
        var backup = await TakeAsync(world, place);
        var newcomer = World.NewPlace();

        await RestoreAsync(world, newcomer, backup);

        Assert.Equal(1000f, await world.AskAsync<float>("select reltuples from pg_class where oid = 'public.counted'::regclass", newcomer.Database));
        Assert.Equal(1L, await world.AskAsync<long>("select count(*) from pg_statistic where starelid = 'public.counted'::regclass", newcomer.Database));
    }

    [Fact]
    public async Task A_locale_that_the_server_lacks_is_refused_for_good_in_words()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        await ChangeManifestAsync(world, place, m => m with { Collation = "xx_YY.utf8", CharacterType = "xx_YY.utf8" });

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, World.NewPlace(), backup));

        Assert.Contains("xx_YY.utf8", refused.Message, StringComparison.Ordinal);
        Assert.Contains("that locale", refused.Message, StringComparison.Ordinal);
    }
}
