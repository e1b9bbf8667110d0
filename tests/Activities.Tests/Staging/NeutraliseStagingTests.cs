using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Credentials;
using Bibind.Activities.Tests.Application;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Staging;

public sealed class NeutraliseStagingTests
{
    private const string IdentitySql = "select string_agg(key || '=' || value, ' ' order by key) from ir_config_parameter where key in ('database.uuid', 'database.secret', 'web.base.url', 'bibind.tenant', 'bibind.staging')";

    [Fact]
    public async Task Nothing_goes_out_of_a_staging_copy_and_nothing_runs_in_it()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();
        var before = await world.AskAsync<string>("select value from ir_config_parameter where key = 'database.uuid'", place.Database);

        var report = await world.StageAsync(place);

        foreach (var thing in Inherited.All.Where(i => i.OfTenants))
        {
            Assert.True(await world.AskAsync<long>($"select count(*) from {thing.Left}", place.Database) == 0, thing.Thing);
        }

        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
        Assert.Equal("invalid", await world.AskAsync<string>("select string_agg(distinct smtp_host, ',') from ir_mail_server", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from fetchmail_server where server is not null", place.Database));
        Assert.Equal("true", await world.AskAsync<string>("select value from ir_config_parameter where key = 'database.is_neutralized'", place.Database));
        Assert.Equal(place.BaseUrl, await world.AskAsync<string>("select value from ir_config_parameter where key = 'web.base.url'", place.Database));
        Assert.NotEqual(before, await world.AskAsync<string>("select value from ir_config_parameter where key = 'database.uuid'", place.Database));

        // What was done is told by table and column, never by value.
        Assert.Contains(report.Neutralised, c => c is { Table: "ir_cron", Rows: > 0 } && c.Columns.SequenceEqual(["active"]));
        Assert.Contains(report.Neutralised, c => c.Table == "mail_mail" && c.Rows == 2);
        Assert.Contains(report.Neutralised, c => c.Table == "ir_mail_server" && c.Columns.Contains("smtp_pass"));
        Assert.Equal((0, false), (report.SetAside, report.ByModules));
    }

    [Fact]
    public async Task Twice_is_as_good_as_once_and_answers_the_same()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();
        MaskingRule[] rules = [StagingWorld.Rule("res_partner", "street", MaskingMethods.Hash)];
        var first = await world.StageAsync(place, rules);
        var identity = await world.AskAsync<string>(IdentitySql, place.Database);
        var street = await world.AskAsync<string>("select street from res_partner where street is not null order by id limit 1", place.Database);

        var second = await world.StageAsync(place, rules);

        Assert.Equal(first.Masked.Single() with { Columns = [] }, second.Masked.Single() with { Columns = [] });
        Assert.Equal(first.Neutralised.Count, second.Neutralised.Count);
        Assert.Equal(identity, await world.AskAsync<string>(IdentitySql, place.Database));
        Assert.Equal(street, await world.AskAsync<string>("select street from res_partner where street is not null order by id limit 1", place.Database));
    }

    [Fact]
    public async Task The_next_job_does_it_again()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();
        await world.StageAsync(place);
        await world.ExecuteAsync("update ir_cron set active = true; update ir_mail_server set smtp_host = 'smtp.example.org', active = true", place.Database);

        await world.StageAsync(place with { JobId = $"restore-{place.Code}-1" });

        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_mail_server where smtp_host <> 'invalid'", place.Database));
    }

    [Fact]
    public async Task What_is_no_staging_copy_is_left_as_it_is()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.StageAsync(place with { StagingOf = null }));

        Assert.Contains("is no staging copy", refused.Message, StringComparison.Ordinal);
        Assert.NotEqual(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
    }

    [Fact]
    public async Task A_restored_copy_is_neutral_before_it_has_its_name_or_never_gets_it()
    {
        await using var world = await World.CreateAsync();
        var source = await world.CopyAsync();
        var backup = await RestoreSteps.TakeAsync(world, source);
        var copy = World.NewPlace() with { StagingOf = source.TenantId };
        foreach (var (name, value) in world.Secrets.Values.Where(s => s.Key.StartsWith(TenantSecrets.Prefix(source.TenantId), StringComparison.Ordinal)).ToList())
        {
            world.Secrets.Values[name.Replace(TenantSecrets.Prefix(source.TenantId), TenantSecrets.Prefix(copy.TenantId), StringComparison.Ordinal)] = value;
        }

        var impossible = new RestoreRequest(copy, backup, Replace: false) { Staging = [StagingWorld.Rule("res_users", "login", MaskingMethods.Fixed, "same")] };
        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(impossible));
        Assert.Equal(0, await world.AskAsync<long>($"select count(*) from pg_database where datname like '%{copy.Code}%'"));

        await world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(impossible with { Staging = [] });
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", copy.Database));
        Assert.Equal(copy.BaseUrl, await world.AskAsync<string>("select value from ir_config_parameter where key = 'web.base.url'", copy.Database));
        Assert.NotEqual(0, await world.AskAsync<long>("select count(*) from ir_cron where active", source.Database));
        var identity = await world.AskAsync<string>(IdentitySql, copy.Database);
        Assert.NotEmpty((await world.StageAsync(copy)).Neutralised);
        Assert.Equal(identity, await world.AskAsync<string>(IdentitySql, copy.Database));
    }

    [Fact]
    public async Task A_copy_that_was_not_neutralised_is_not_handed_over()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<HandOverApplication>(place));
        Assert.Contains("was not neutralised", refused.Message, StringComparison.Ordinal);
        Assert.True(await world.AskAsync<bool>($"select datistemplate from pg_database where datname = '{place.Database}'"));

        await world.StageAsync(place);
        await world.RunAsync<HandOverApplication>(place);
        Assert.Equal("odoo", await world.AskAsync<string>($"select pg_get_userbyid(datdba)::text from pg_database where datname = '{place.Database}'"));
    }
}
