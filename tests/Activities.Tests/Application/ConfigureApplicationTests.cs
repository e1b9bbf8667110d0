using Bibind.Activities.Application;
using Bibind.Activities.Credentials;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class ConfigureApplicationTests
{
    [Fact]
    public async Task The_clone_gets_ids_and_a_secret_of_its_own()
    {
        await using var world = await World.CreateAsync();
        var (first, second) = (await ConfigureAsync(world), await ConfigureAsync(world));

        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", await ParameterAsync(world, first, "database.uuid"));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", await ParameterAsync(world, first, "database.secret"));
        Assert.NotEqual(await ParameterAsync(world, first, "database.uuid"), await ParameterAsync(world, second, "database.uuid"));
        Assert.NotEqual(await ParameterAsync(world, first, "database.secret"), await ParameterAsync(world, second, "database.secret"));
    }

    [Fact]
    public async Task The_clone_is_new_and_bound_to_its_address()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        Assert.Equal(place.BaseUrl, await ParameterAsync(world, place, "web.base.url"));
        Assert.Equal("True", await ParameterAsync(world, place, "web.base.url.freeze"));
        Assert.True(DateTime.TryParse(await ParameterAsync(world, place, "database.create_date"), out var created));
        Assert.InRange(DateTime.UtcNow - created, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task The_templates_licence_does_not_come_along()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        Assert.Equal(0, await CountAsync(world, place, "ir_config_parameter where key like 'database.expiration%' or key = 'database.enterprise_code'"));
    }

    [Fact]
    public async Task Configuring_again_keeps_what_was_written()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);
        var before = await DumpAsync(world, place);

        await world.RunAsync<ConfigureApplication>(place);

        Assert.Equal(before, await DumpAsync(world, place));
    }

    [Fact]
    public async Task Keys_tokens_and_traces_of_the_template_are_gone()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        foreach (var table in new[] { "res_users_apikeys", "auth_totp_device", "auth_passkey_key", "res_users_log", "res_device_log" })
        {
            Assert.Equal(0, await CountAsync(world, place, table));
        }

        Assert.Equal(0, await CountAsync(world, place, "res_users where totp_secret is not null"));
        Assert.Equal(0, await CountAsync(world, place, "res_users where id <> 2 and password <> ''"));
    }

    [Fact]
    public async Task Webhooks_get_uuids_that_no_other_clone_has()
    {
        await using var world = await World.CreateAsync();
        const string sql = "select string_agg(webhook_uuid, ' ' order by id) from base_automation";
        var (first, second) = (await ConfigureAsync(world), await ConfigureAsync(world));

        Assert.NotNull(await world.AskAsync<string>(sql, first.Database));
        Assert.NotEqual(await world.AskAsync<string>(sql, first.Database), await world.AskAsync<string>(sql, second.Database));
    }

    [Fact]
    public async Task Mail_servers_are_off_and_no_cron_is_due()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        Assert.Equal(0, await CountAsync(world, place, "ir_mail_server where active"));
        Assert.Equal(0, await CountAsync(world, place, "fetchmail_server where active"));
        Assert.True(await CountAsync(world, place, "ir_cron where active") > 0);
        Assert.Equal(0, await CountAsync(world, place, "ir_cron where nextcall <= (now() at time zone 'UTC')"));
    }

    [Fact]
    public async Task Compiled_assets_whose_files_stayed_behind_are_made_anew_and_all_else_stays()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        var attachments = await CountAsync(world, place, "ir_attachment");
        await world.ExecuteAsync(
            """
            insert into ir_attachment (name, type, url, store_fname, db_datas) values
              ('in-a-file.js', 'binary', '/web/assets/1/in-a-file.js', '1a/1a2b', null),
              ('in-the-database.js', 'binary', '/web/assets/1/in-the-database.js', null, 'x'),
              ('a-picture', 'binary', '/web/image/1', '1b/1b2c', null)
            """,
            place.Database);

        await world.RunAsync<ConfigureApplication>(place);

        Assert.Equal(0, await CountAsync(world, place, "ir_attachment where name = 'in-a-file.js'"));
        Assert.Equal(attachments + 2, await CountAsync(world, place, "ir_attachment"));
    }

    [Fact]
    public async Task The_company_becomes_the_customers()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        Assert.Equal(
            $"Acme & Söhne|Acme & Söhne|Acme & Söhne|Acme & Söhne|{place.CustomerEmail}|{place.CustomerEmail}|FR23334175221|FR|CHF|true|fr_FR",
            await world.AskAsync<string>(
                """
                select concat_ws('|', c.name, p.name, p.complete_name, p.commercial_company_name, c.email, p.email, p.vat, k.code, m.name, m.active::text, p.lang)
                from res_company c join res_partner p on p.id = c.partner_id join res_country k on k.id = p.country_id
                join res_currency m on m.id = c.currency_id
                """,
                place.Database));
    }

    [Fact]
    public async Task The_language_is_active_with_the_date_format_that_was_asked_for()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        place = await ConfigureAsync(world, place with { Locale = place.Locale with { DateFormat = "%Y-%m-%d" } });

        Assert.Equal("true %Y-%m-%d", await world.AskAsync<string>("select active::text || ' ' || date_format from res_lang where code = 'fr_FR'", place.Database));
    }

    [Fact]
    public async Task The_administrator_gets_the_new_password_and_the_customers_locale()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        Assert.Equal(
            $"admin|true|{place.CustomerEmail}|fr_FR|Europe/Paris|Acme & Söhne, Administrator",
            await world.AskAsync<string>(
                """
                select concat_ws('|', u.login, u.active::text, p.email, p.lang, p.tz, p.complete_name)
                from res_users u join res_partner p on p.id = u.partner_id where u.id = 2
                """,
                place.Database));
        var hash = await world.AskAsync<string>("select password from res_users where id = 2", place.Database);
        Assert.True(PasslibPbkdf2Sha512.Verify("administrator-password", hash!));
    }

    [Fact]
    public async Task A_name_with_quotes_is_written_as_it_is()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world, World.NewPlace() with { Name = "L'Été \"'; drop table res_users; --" });

        Assert.Equal(place.Name, await world.AskAsync<string>("select name from res_company", place.Database));
    }

    [Fact]
    public async Task A_language_that_the_template_lacks_is_refused_with_those_it_has()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        place = await world.CloneAsync(place with { Locale = place.Locale with { Language = "ja_JP" } });

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<ConfigureApplication>(place));

        Assert.Contains("does not offer the language 'ja_JP'; it has ar_001, de_DE, en_US", refused.Message, StringComparison.Ordinal);
        Assert.Equal("My Company", await world.AskAsync<string>("select name from res_company", place.Database));
    }

    [Fact]
    public async Task A_currency_that_the_template_lacks_is_refused_with_those_it_has()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        place = await world.CloneAsync(place with { Locale = place.Locale with { Currency = "XTS" } });

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<ConfigureApplication>(place));

        Assert.Contains("does not know the currency 'XTS'; it has EUR, USD", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_without_the_optional_modules_is_configured()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync(
            """
            drop table auth_totp_device, auth_passkey_key, res_device_log, fetchmail_server, base_automation cascade;
            alter table res_users drop column totp_secret; alter table ir_cron drop column failure_count
            """,
            place.Database);

        await world.RunAsync<ConfigureApplication>(place);

        Assert.Equal(place.BaseUrl, await ParameterAsync(world, place, "web.base.url"));
    }

    [Fact]
    public async Task A_database_without_the_application_is_refused()
    {
        await using var world = await World.CreateAsync();
        await world.ExecuteAsync("create database empty_template is_template true");
        var place = await world.CloneAsync(World.NewPlace() with { TemplateDatabase = "empty_template" });

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<ConfigureApplication>(place));

        Assert.Contains("holds no Odoo: it has no table ir_config_parameter", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_secret_is_logged()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world);

        var hash = world.Secrets.Values[TenantSecrets.AdministratorHash(place.TenantId)];
        Assert.DoesNotContain(
            world.Logs.Lines, line => line.Contains(hash, StringComparison.Ordinal) || line.Contains("-password", StringComparison.Ordinal));
    }

    private static async Task<TenantDescriptor> ConfigureAsync(World world, TenantDescriptor? place = null)
    {
        place = await world.CloneAsync(place);
        await world.RunAsync<ConfigureApplication>(place);
        return place;
    }

    private static Task<string?> ParameterAsync(World world, TenantDescriptor place, string key) =>
        world.AskAsync<string>($"select value from ir_config_parameter where key = '{key}'", place.Database);

    private static Task<long> CountAsync(World world, TenantDescriptor place, string from) =>
        world.AskAsync<long>($"select count(*) from {from}", place.Database);

    private static Task<string?> DumpAsync(World world, TenantDescriptor place) =>
        world.AskAsync<string>(
            "select string_agg(key || '=' || value, e'\\n' order by key) || (select string_agg(u::text, e'\\n' order by id) from res_users u) from ir_config_parameter",
            place.Database);
}
