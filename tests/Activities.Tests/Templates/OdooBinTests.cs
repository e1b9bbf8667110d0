using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Testing;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class OdooBinTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task The_program_fills_the_database_and_everything_becomes_the_applications()
    {
        await using var world = await TemplateWorld.CreateAsync();

        var order = await world.InitialisedAsync();

        Assert.Equal(
            "odoo",
            await world.AskAsync<string>(
                """
                select string_agg(distinct owner, ',') from (
                  select pg_get_userbyid(relowner)::text as owner from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S', 'v')
                  union all select pg_get_userbyid(proowner)::text from pg_proc where proname = 'made_function') o
                """,
                order.Database));
    }

    [Fact]
    public async Task The_program_gets_its_arguments_and_no_password_among_them()
    {
        await using var world = await TemplateWorld.CreateAsync("""echo "$all" >&2; exit 1""");
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.EndsWith(
            $"-d {order.Database} -i base,web --without-demo=all --load-language=fr_FR --stop-after-init --no-http --max-cron-threads=0"
            + $" --db_host 127.0.0.1 --db_port {world.Postgres.Port} -r odoo",
            failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_fails_is_reported_with_the_end_of_its_output()
    {
        await using var world = await TemplateWorld.CreateAsync("""for i in $(seq 100); do echo "line $i"; done; echo "odoo: no module named 'web' ($PGPASSWORD)"; exit 3""");
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.Contains("failed with exit code 3", failed.Message, StringComparison.Ordinal);
        Assert.Contains("no module named 'web' (***)", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 1\n", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_stopped_with_its_children()
    {
        var pid = Path.Combine(Path.GetTempPath(), $"bibind-pid-{Guid.NewGuid():N}");
        await using var world = await TemplateWorld.CreateAsync($"echo started; sleep 600 & echo $! > {pid}; wait", limit: "00:00:01");
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);

        var stopped = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.Contains("did not end within 00:00:01 (Templates__InitialisationLimit)", stopped.Message, StringComparison.Ordinal);
        var child = (await File.ReadAllTextAsync(pid)).Trim();
        await Eventually.UntilAsync(() => !IsRunning(child), Limit, "the program's child is gone");
        File.Delete(pid);
    }

    [Fact]
    public async Task A_missing_program_names_the_setting()
    {
        await using var world = await World.CreateAsync(("Templates:OdooBin", "no-such-odoo-bin"));
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.Equal("The program 'no-such-odoo-bin' (Templates__OdooBin) was not found.", refused.Message);
    }

    [Fact]
    public async Task A_program_that_says_it_is_done_without_installing_is_not_believed()
    {
        await using var world = await TemplateWorld.CreateAsync(TemplateWorld.Installs);
        var order = TemplateWorld.NewOrder() with { Modules = ["base", "web", "no_such_module"] };
        await world.RunAsync<CreateTemplateDatabase>(order);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.Contains("did not install no_such_module (unknown to the application)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_earlier_attempt_half_installed_is_begun_anew()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.ExecuteAsync("set role odoo; create table ir_module_module (name varchar, state varchar)", order.Database);

        await world.RunAsync<InitialiseTemplate>(order);

        await world.RunAsync<SmokeTestTemplate>(order);
    }

    [Fact]
    public async Task A_template_that_is_installed_is_not_installed_again()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await world.ExecuteAsync("create table kept (id int)", order.Database);

        await world.RunAsync<InitialiseTemplate>(order);

        Assert.True(await world.AskAsync<bool>("select to_regclass('kept') is not null", order.Database));
    }

    private static bool IsRunning(string pid)
    {
        var status = $"/proc/{pid}/status";
        return File.Exists(status) && !File.ReadAllText(status).Contains("State:\tZ", StringComparison.Ordinal);
    }
}
