using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tests.Templates;

/// <summary>A world in which a shell script stands for odoo-bin.</summary>
internal static class TemplateWorld
{
    // What the tests need of the tables that the program would make.
    private const string Tables = """
        create table ir_module_module (id serial primary key, name varchar, state varchar, latest_version varchar);
        insert into ir_module_module (name, state, latest_version) values ('base', 'installed', '18.0.1.3'), ('web', 'installed', '18.0.1.0');
        create table ir_config_parameter (id serial primary key, key varchar unique, value text, create_date timestamp, write_date timestamp);
        create table ir_model_data (id serial primary key, module varchar, name varchar, model varchar, res_id int);
        insert into ir_model_data (module, name, res_id) values ('base', 'user_admin', 2), ('base', 'main_company', 1);
        create table res_company (id int primary key, name varchar, partner_id int, currency_id int); insert into res_company values (1, 'My Company', 1, 1);
        create table res_users (id int primary key, login varchar, password varchar, partner_id int); insert into res_users values (2, 'admin', 'x', 3);
        create table res_partner (id int primary key, name varchar);
        create table res_currency (id int primary key, name varchar, active boolean);
        create table res_lang (id int primary key, code varchar, active boolean); insert into res_lang values (1, 'fr_FR', true);
        create sequence ir_sequence_001; create view made_view as select 1 as one; create function made_function() returns int language sql as 'select 1';
        """;

    /// <summary>Fills the database as the real program does.</summary>
    public const string Installs = """$PSQL -q -v ON_ERROR_STOP=1 -d "$database" -f "$tables" """;

    /// <summary>A world whose <c>odoo-bin</c> runs a piece of shell, which finds <c>$database</c>, <c>$modules</c> and <c>$all</c>.</summary>
    public static async Task<World> CreateAsync(string body = Installs, string limit = "00:01:00", (string Key, string? Value)[]? settings = null, EmbeddedPostgres? cluster = null)
    {
        var folder = PostgresFixture.NewFolder();
        var postgres = cluster ?? await PostgresFixture.GetAsync();
        var tables = Path.Combine(folder, "tables.sql");
        await File.WriteAllTextAsync(tables, Tables);
        var script = Script.Write(folder, "odoo-bin", $"""
            all="$*"; tables='{tables}'; PSQL='{Path.Combine(postgres.Binaries.Folder, "psql")}'
            while [ $# -gt 0 ]; do case "$1" in -d) database=$2;; -i) modules=$2;; esac; shift; done
            {body}
            """);
        (string Key, string? Value)[] all = [("Templates:OdooBin", script), ("Templates:InitialisationLimit", limit), .. settings ?? []];
        var world = cluster is null ? await World.CreateAsync(all) : World.Create(cluster, all);
        world.DeleteAtEnd(folder);
        return world;
    }

    public static CreateTemplateOrder NewOrder()
    {
        var place = World.NewPlace();
        return new CreateTemplateOrder
        {
            TemplateId = place.TenantId,
            JobId = $"create-template-{place.Code}",
            Code = $"blank{place.TenantId}",
            Database = $"template_{place.TenantId}",
            ServerId = 1,
            Modules = ["base", "web"],
            Language = "fr_FR",
        };
    }

    public static Task RunAsync<TActivity>(this World world, CreateTemplateOrder order)
        where TActivity : TaskActivity<CreateTemplateOrder, Unit> => world.RunAsync<TActivity, CreateTemplateOrder, Unit>(order);

    /// <summary>Every step up to the smoke test.</summary>
    public static async Task<CreateTemplateOrder> InitialisedAsync(this World world)
    {
        var order = NewOrder();
        await world.RunAsync<CheckTemplate>(order);
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<InitialiseTemplate>(order);
        await world.RunAsync<SmokeTestTemplate>(order);
        return order;
    }

    public static Task<TemplateReady> MarkReadyAsync(this World world, CreateTemplateOrder order) =>
        world.RunAsync<MarkTemplateReady, CreateTemplateOrder, TemplateReady>(order);
}
