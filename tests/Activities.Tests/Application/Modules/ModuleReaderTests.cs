using Bibind.Activities.Application.Odoo.Modules;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application.Modules;

/// <summary>What a tenant has written into the tables that say which modules there are.</summary>
public sealed class ModuleReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_with_quotes_titles_that_are_no_objects_and_missing_words_are_read_as_they_are()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            insert into ir_module_module (name, state, shortdesc) values
              ('o''clock"; drop table res_users; --', 'uninstalled', '["list"]'), ('numbered', null, '42'), ('nulled', 'uninstalled', 'null'),
              ('french', 'installed', '{"fr_FR": "Français"}'), ('deep', 'installed', '{"en_US": {"a": "b"}}'), (repeat('n', 500), 'installed', '{}'),
              ('long', repeat('s', 16), jsonb_build_object('en_US', repeat('t', 5000)));
            """,
            place.Database);

        var list = await world.Get<TenantModuleReader>().ReadAsync(place, Token);

        Assert.Equal((null, "uninstalled"), Of("""o'clock"; drop table res_users; --"""));
        Assert.Equal((null, ""), Of("numbered"));
        Assert.Equal((null, "uninstalled"), Of("nulled"));
        Assert.Equal((null, "installed"), Of("french"));
        Assert.Equal("""{"a": "b"}""", Of("deep").Title);
        Assert.Equal(200, Of("long").Title!.Length);
        Assert.DoesNotContain(list.Modules.Keys, n => n.Length > 128);
        Assert.NotNull(list.CompanyId);

        (string? Title, string State) Of(string name) => (list.Modules[name].Title, list.Modules[name].State);
    }

    [Theory]
    [InlineData("alter table ir_module_module rename to other; create view ir_module_module as select * from other")]
    [InlineData("alter table ir_module_module enable row level security")]
    [InlineData("drop table ir_module_module cascade")]
    [InlineData("alter table ir_module_module alter column state type text")]
    [InlineData("alter table ir_module_module drop column shortdesc; alter table ir_module_module add column shortdesc jsonb generated always as ('{}'::jsonb) stored")]
    [InlineData("alter table ir_module_module_dependency rename to other; create materialized view ir_module_module_dependency as select * from other")]
    [InlineData("alter table res_company rename column font to letters")]
    public async Task What_is_not_the_applications_plain_table_is_not_read(string sql)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(sql, place.Database);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Get<TenantModuleReader>().ReadAsync(place, Token));

        Assert.Contains("is not the application's plain table", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_function_nor_operator_of_the_tenants_is_run()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            create table public.run (what text);
            create function public.ran(varchar, varchar) returns boolean language plpgsql as $$ begin insert into public.run values ('='); return true; end $$;
            create operator public.= (leftarg = varchar, rightarg = varchar, function = public.ran);
            create function public.left(varchar, integer) returns text language plpgsql as $$ begin insert into public.run values ('left'); return 'x'; end $$;
            create function public.taken(jsonb, varchar) returns text language plpgsql as $$ begin insert into public.run values ('->>'); return 'x'; end $$;
            create operator public.->> (leftarg = jsonb, rightarg = varchar, function = public.taken);
            create function public.jsonb_typeof(jsonb) returns text language plpgsql as $$ begin insert into public.run values ('typeof'); return 'x'; end $$;
            alter database current_db set search_path = public;
            """.Replace("current_db", $"\"{place.Database}\"", StringComparison.Ordinal),
            place.Database);

        var list = await world.Get<TenantModuleReader>().ReadAsync(place, Token);

        Assert.Equal("Web", list.Modules["web"].Title);
        Assert.Equal(0L, await world.AskAsync<long>("select count(*) from public.run", place.Database));
    }

    [Fact]
    public async Task Lists_that_no_application_has_are_refused_by_their_length()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync("insert into ir_module_module (name, state) select 'm' || i, 'uninstalled' from generate_series(1, 6000) i", place.Database);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Get<TenantModuleReader>().ReadAsync(place, Token));

        Assert.Contains("more than 5000 rows in ir_module_module", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_somebody_holds_is_not_waited_for()
    {
        await using var world = await World.CreateAsync(("Modules:ReadLimit", "00:00:01"));
        var place = await world.CloneAsync();
        await using var holder = await world.OpenAsync(place.Database);
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await using var hold = new Npgsql.NpgsqlCommand("lock table ir_module_module in access exclusive mode", holder);
        await hold.ExecuteNonQueryAsync(Token);
        await using var session = await world.Get<Activities.Database.PostgresConnector>().OpenAsync(place, Token);

        await Assert.ThrowsAnyAsync<ActivityFailureException>(() => ModuleReader.RunAsync(session, TimeSpan.FromMilliseconds(200), Token));
    }

    [Fact]
    public void Whoever_needs_a_module_through_others_is_named_and_circles_end()
    {
        string[] names = ["base", "web", "a", "b", "c", "gone"];
        var list = new ModuleList
        {
            Modules = names.Select((n, i) => new TenantModule(i, n, n == "gone" ? "uninstalled" : "installed", null, null, false)).ToDictionary(m => m.Name),
            Needs = new[] { ("web", "base"), ("a", "web"), ("b", "a"), ("c", "b"), ("a", "c"), ("gone", "a"), ("nobody", "a") }.ToLookup(p => p.Item1, p => p.Item2),
        };

        Assert.Equal(["b", "c"], list.DependentsOf(["a"]));
        Assert.Empty(ModulePlan.Of(list, new ModuleChange { Deactivate = ["a", "b", "c"] }, null).Errors);
        Assert.Contains("is needed by c", ModulePlan.Of(list, new ModuleChange { Deactivate = ["a", "b"] }, null).Errors["deactivate[0]"][0], StringComparison.Ordinal);
    }
}
