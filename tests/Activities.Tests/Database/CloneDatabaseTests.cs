using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

public sealed class CloneDatabaseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private const string ListedByOdooSql =
        "select datname from pg_database where datdba = (select usesysid from pg_user where usename = 'odoo') and not datistemplate and datallowconn";

    [Fact]
    public async Task A_clone_appears_marked_and_has_the_templates_content()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();

        var result = await CloneAsync(world, place);

        Assert.False(result.AlreadyThere);
        Assert.True(result.Bytes > 1_000_000);
        Assert.Equal(
            $"bibind tenant={place.TenantId} code={place.Code}",
            await world.AskAsync<string>($"select shobj_description(oid, 'pg_database') from pg_database where datname = '{place.Database}'"));
        Assert.Equal("admin", await world.AskAsync<string>("select login from res_users where id = 2", place.Database));
    }

    [Fact]
    public async Task A_clone_is_not_listed_by_the_application_and_refuses_all_but_its_login()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();

        await CloneAsync(world, place);

        Assert.False(await world.AskAsync<bool>($"select '{place.Database}' in ({ListedByOdooSql})"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => world.OpenAsync(place.Database, LocalServer.ControlRole));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Cloning_twice_finds_the_first_clone()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await CloneAsync(world, place);
        var first = await world.AskAsync<uint>($"select oid from pg_database where datname = '{place.Database}'");

        var again = await CloneAsync(world, place);

        Assert.True(again.AlreadyThere);
        Assert.Equal(first, await world.AskAsync<uint>($"select oid from pg_database where datname = '{place.Database}'"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("bibind tenant=1 code=other")]
    public async Task A_database_of_the_name_that_is_not_ours_is_refused_and_left_untouched(string? comment)
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database} owner odoo");
        await world.ExecuteAsync($"comment on database {place.Database} is {(comment is null ? "null" : $"'{comment}'")}");
        await world.ExecuteAsync("create table kept (id int)", place.Database);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => CloneAsync(world, place));

        Assert.Contains("already there", refused.Message, StringComparison.Ordinal);
        Assert.True(await world.AskAsync<bool>("select to_regclass('kept') is not null", place.Database));
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }

    [Fact]
    public async Task A_clone_that_a_crash_left_unfinished_is_finished()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await using (var bibind = await world.OpenAsync("postgres", LocalServer.MaintenanceRole))
        await using (var create = new NpgsqlCommand(
            $"create database \"bibind-new-{place.TenantId}-{place.Code}\" template {place.TemplateDatabase} is_template true", bibind))
        {
            await create.ExecuteNonQueryAsync();
        }

        var result = await CloneAsync(world, place);

        Assert.False(result.AlreadyThere);
        Assert.True(await world.DatabaseExistsAsync(place.Database));
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }

    [Fact]
    public async Task A_session_that_a_crashed_attempt_left_is_ended_first()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await using var orphan = await world.OpenAsync("postgres", LocalServer.MaintenanceRole, $"bibind clone {place.TenantId} {place.Code}");
        await using var sleep = new NpgsqlCommand("select pg_sleep(600)", orphan);
        var running = sleep.ExecuteNonQueryAsync();

        await CloneAsync(world, place);

        var ended = await Assert.ThrowsAsync<PostgresException>(() => running);
        Assert.Equal(PostgresErrorCodes.AdminShutdown, ended.SqlState);
    }

    [Fact]
    public async Task A_create_database_that_goes_on_without_its_client_makes_no_second_clone()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await using var orphan = await world.OpenAsync("postgres", LocalServer.MaintenanceRole, $"bibind clone {place.TenantId} {place.Code}");
        await using var create = new NpgsqlCommand(
            $"create database \"bibind-new-{place.TenantId}-{place.Code}\" template {place.TemplateDatabase} is_template true strategy file_copy", orphan);
        var running = create.ExecuteNonQueryAsync();

        await CloneAsync(world, place);

        await Record.ExceptionAsync(() => running);
        Assert.True(await world.DatabaseExistsAsync(place.Database));
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }

    [Fact]
    public async Task Tenants_are_cloned_from_one_template_at_the_same_time()
    {
        await using var world = await World.CreateAsync();
        var places = Enumerable.Range(0, 4).Select(_ => World.NewPlace()).ToList();

        var results = await Task.WhenAll(places.Select(p => CloneAsync(world, p)));

        Assert.All(results, r => Assert.False(r.AlreadyThere));
    }

    [Fact]
    public async Task A_missing_template_is_named()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace() with { TemplateDatabase = "no_such_template" };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => CloneAsync(world, place));

        Assert.Contains("'no_such_template' does not exist", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_of_the_application_on_the_template_are_ended()
    {
        await using var world = await World.CreateAsync();
        var place = await PlaceWithOpenTemplateAsync(world);
        await using var session = await world.OpenAsync(place.TemplateDatabase, LocalServer.ApplicationRole);

        await CloneAsync(world, place);

        await using var ask = new NpgsqlCommand("select 1", session);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ask.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_template_that_a_session_we_may_not_end_holds_is_reported_with_its_user()
    {
        await using var world = await World.CreateAsync();
        var place = await PlaceWithOpenTemplateAsync(world);
        await using var session = await world.OpenAsync(place.TemplateDatabase, applicationName: "maintenance window");

        var busy = await Assert.ThrowsAsync<TransientFailureException>(() => CloneAsync(world, place));

        Assert.Contains($"'{place.TemplateDatabase}' is in use by postgres (maintenance window)", busy.Message, StringComparison.Ordinal);
        Assert.True(System.Text.RegularExpressions.Regex.IsMatch(busy.Message, "\\(maintenance window\\)( since [0-9]{4}-[0-9-]+ [0-9:]+ UTC)? and cannot be cloned"), busy.Message);
        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_wrong_password_is_reported_in_words_and_not_tried_again()
    {
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { DatabasePassword = "wrong-password" };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => CloneAsync(world, World.NewPlace()));

        Assert.Contains("refused the password of 'bibind_maintenance'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_is_tried_again()
    {
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { DatabasePort = FreePorts.Next() };

        var away = await Assert.ThrowsAsync<TransientFailureException>(() => CloneAsync(world, World.NewPlace()));

        Assert.Contains("cannot be reached: connection refused", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_pooled_session_is_left_that_looks_like_one_of_a_crashed_attempt()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();

        await CloneAsync(world, place);

        await Eventually.UntilAsync(
            async () => await world.AskAsync<long>(
                $"select count(*) from pg_stat_activity where application_name = 'bibind clone {place.TenantId} {place.Code}'") == 0,
            Limit, "no session bears the maker's name");
    }

    private static Task<CloneResult> CloneAsync(World world, TenantDescriptor place) =>
        world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);

    private static async Task<TenantDescriptor> PlaceWithOpenTemplateAsync(World world)
    {
        var place = World.NewPlace();
        var template = $"open_{place.Code}";
        await world.ExecuteAsync($"create database {template} template {place.TemplateDatabase} owner odoo is_template true");
        return place with { TemplateDatabase = template };
    }
}
