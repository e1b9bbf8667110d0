using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class OdooTemplateTests
{
    [Fact]
    public async Task The_small_template_has_an_administrator_with_a_password_hash_in_passlib_format()
    {
        await using var clone = await OdooTemplateFixture.CloneAsync();

        var hash = (string?)await ScalarAsync(
            clone.ConnectionString,
            "SELECT u.password FROM ir_model_data d JOIN res_users u ON u.id = d.res_id WHERE d.module = 'base' AND d.name = 'user_admin' AND u.active");

        Assert.Matches("^\\$pbkdf2-sha512\\$600000\\$[A-Za-z0-9./]{22}\\$[A-Za-z0-9./]{86}$", hash);
    }

    [Fact]
    public async Task The_small_template_belongs_to_the_application_with_everything_in_it()
    {
        await using var clone = await OdooTemplateFixture.CloneAsync();

        Assert.Equal("odoo", await ScalarAsync(clone.SuperuserConnectionString, "SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"));
    }

    [Fact]
    public async Task The_small_template_has_what_provisioning_changes()
    {
        await using var clone = await OdooTemplateFixture.CloneAsync();

        Assert.Equal("base.main_company: 1", await ScalarAsync(
            clone.ConnectionString, "SELECT module || '.' || name || ': ' || res_id FROM ir_model_data WHERE module = 'base' AND name = 'main_company'"));
        Assert.Equal(20L, await ScalarAsync(clone.ConnectionString, "SELECT count(*) FROM ir_cron WHERE active AND nextcall < now()"));
        Assert.Equal(2L, await ScalarAsync(clone.ConnectionString, "SELECT count(DISTINCT webhook_uuid) FROM base_automation"));
        Assert.Equal(
            "ar_001,de_DE,en_US,es_419,es_ES,fr_FR,it_IT,nl_NL,pt_PT,sr@latin",
            await ScalarAsync(clone.ConnectionString, "SELECT string_agg(code, ',' ORDER BY code COLLATE \"C\") FROM res_lang WHERE active"));
        Assert.Equal("EUR,USD", await ScalarAsync(clone.ConnectionString, "SELECT string_agg(name, ',' ORDER BY name) FROM res_currency WHERE active"));
    }

    [Fact]
    public async Task Every_file_that_a_template_names_is_in_its_file_store_under_the_hash_of_its_content()
    {
        await using var clone = await OdooTemplateFixture.CloneAsync();
        var folder = PostgresFixture.NewFolder();
        OdooFiles.Write(folder, "template");

        var named = (string?)await ScalarAsync(clone.ConnectionString, "SELECT string_agg(store_fname, ' ' ORDER BY store_fname) FROM ir_attachment");
        var written = Directory.GetFiles(Path.Combine(folder, "template"), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Path.Combine(folder, "template"), f));

        Assert.Equal(named, string.Join(' ', written.Order(StringComparer.Ordinal)));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_small_template_is_locked_and_can_be_cloned_by_the_maintenance_role()
    {
        var server = await OdooTemplateFixture.GetAsync();
        var name = $"clone_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(Sql.Unpooled(server.ConnectionString("postgres", LocalServer.MaintenanceRole)));
        await connection.OpenAsync();

        await Sql.RunAsync(connection, $"CREATE DATABASE {Sql.Name(name)} TEMPLATE {Sql.Name(OdooTemplateFixture.Database)}", CancellationToken.None);
        await Sql.RunAsync(connection, $"DROP DATABASE {Sql.Name(name)}", CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<PostgresException>(
            () => ScalarAsync(Sql.Unpooled(server.ConnectionString(OdooTemplateFixture.Database)), "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.ObjectNotInPrerequisiteState, refusal.SqlState);
    }

    [Fact]
    public async Task The_full_template_weighs_like_an_Odoo_database_and_its_variants_differ_by_their_modules()
    {
        var server = await PostgresFixture.GetAsync();
        await OdooTemplate.BuildAsync(server.SuperuserConnectionString, "full_blank", OdooVariant.Blank, new() { LockAfter = true });
        await OdooTemplate.BuildAsync(server.SuperuserConnectionString, "full_restaurant", OdooVariant.Restaurant, new() { CloneOf = "full_blank" });
        var restaurant = Sql.Unpooled(server.ConnectionString("full_restaurant"));

        Assert.Equal(200L, await ScalarAsync(restaurant, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
        Assert.InRange((long)(await ScalarAsync(restaurant, "SELECT pg_database_size('full_blank')"))!, 38_000_000, 50_000_000);
        Assert.InRange((long)(await ScalarAsync(restaurant, "SELECT pg_database_size('full_restaurant')"))!, 38_000_000, 50_000_000);
        Assert.Equal("installed", await ScalarAsync(restaurant, "SELECT state FROM ir_module_module WHERE name = 'pos_restaurant'"));
        Assert.Equal(9L, await ScalarAsync(restaurant, "SELECT count(*) FROM product_template"));
        Assert.Equal("UTF8 C", await ScalarAsync(
            restaurant, "SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database WHERE datname = 'full_restaurant'"));
    }

    [Theory]
    [InlineData(OdooVariant.Ecommerce, "website_sale")]
    [InlineData(OdooVariant.Services, "project")]
    public async Task A_variant_can_be_built_from_nothing(OdooVariant variant, string module)
    {
        var server = await PostgresFixture.GetAsync();
        var name = $"variant_{Guid.NewGuid():N}";
        await OdooTemplate.BuildAsync(server.SuperuserConnectionString, name, variant, OdooTemplateOptions.Small);

        Assert.Equal("installed", await ScalarAsync(
            Sql.Unpooled(server.ConnectionString(name)), $"SELECT state FROM ir_module_module WHERE name = '{module}'"));
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(connectionString));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
