using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Staging;

/// <summary>What a tenant's database may have to keep its copy from being neutralised, or to run with it: it does neither.</summary>
public sealed class HostileStagingTests
{
    private const string Told = "create table told (what text); create function tell() returns trigger language plpgsql as 'begin insert into public.told values (tg_name); return new; end';";

    [Theory]
    [InlineData("create function wake() returns trigger language plpgsql as 'begin insert into public.told values (tg_name); new.active := true; return new; end'; create trigger wake before update on ir_cron for each row execute function wake(); alter table ir_cron enable always trigger wake", 1)]
    [InlineData("create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'; create trigger refuse before update or delete on ir_mail_server for each statement execute function refuse()", 1)]
    [InlineData("create function later() returns trigger language plpgsql as 'begin update public.ir_cron set active = true; return null; end'; create constraint trigger later after update on ir_cron deferrable initially deferred for each row execute function later()", 1)]
    [InlineData("create rule keep as on update to ir_cron do instead nothing; create rule also_keep as on delete to res_users_apikeys do instead nothing", 2)]
    [InlineData("alter table ir_cron enable row level security; alter table ir_cron force row level security; create policy none on ir_cron using (false) with check (false)", 1)]
    [InlineData("alter table ir_mail_server drop column smtp_pass; alter table ir_mail_server add smtp_pass varchar generated always as (name || '-password') stored", 0)]
    [InlineData("create function never(varchar, varchar) returns boolean language sql as 'select false'; create operator public.= (leftarg = varchar, rightarg = varchar, function = never); create function public.gen_random_uuid() returns uuid language sql as 'select null::uuid'", 0)]
    [InlineData("create table children (note text) inherits (ir_cron); insert into children select c.*, 'child' from ir_cron c where active limit 1; create trigger tell before update on children for each row execute function tell()", 1)]
    public async Task What_is_planted_does_not_run_and_the_copy_is_neutralised(string planted, int setAside)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync(Told + planted);
        await world.ExecuteAsync("insert into ir_config_parameter (key, value) values ('mail.smtp_password', 'secret') on conflict do nothing", place.Database);
        var before = await world.AskAsync<string>(CodeSql, place.Database);

        var report = await world.StageAsync(place);

        Assert.Equal(setAside, report.SetAside);
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from told", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_mail_server where smtp_pass is not null or (active and smtp_host <> 'invalid')", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from res_users_apikeys", place.Database));
        Assert.Equal(before, await world.AskAsync<string>(CodeSql, place.Database));
    }

    [Theory]
    [InlineData("alter table ir_cron rename to ir_cron_real; create view ir_cron as select * from ir_cron_real", "public.ir_cron stands in the place")]
    [InlineData("create schema odoo; create table odoo.ir_mail_server (like public.ir_mail_server)", "odoo.ir_mail_server stands in the place")]
    [InlineData("alter table ir_mail_server add constraint keep check (smtp_host <> 'invalid') not valid", "violates check constraint \"keep\"")]
    public async Task A_copy_that_cannot_be_told_to_be_neutral_is_refused_and_stays_hidden(string planted, string said)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();
        await world.ExecuteAsync($"grant create on database {place.Database} to odoo", place.Database);
        await world.ExecuteAsApplicationAsync(planted, place.Database);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.StageAsync(place));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<Activities.Application.HandOverApplication>(place));
        Assert.True(await world.AskAsync<bool>($"select datistemplate from pg_database where datname = '{place.Database}'"));
    }

    [Fact]
    public async Task Who_writes_into_his_database_that_it_was_done_is_not_believed()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();
        await world.ExecuteAsync(
            $$$"""
            insert into ir_config_parameter (key, value) values ('bibind.tenant', '{{{place.TenantId}}} {{{place.JobId}}}'), ('bibind.staging', '{"proof": "00", "report": {}}')
            on conflict (key) do update set value = excluded.value
            """,
            place.Database);

        Assert.NotEmpty((await world.StageAsync(place)).Neutralised);
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
    }

    private const string CodeSql =
        """
        select string_agg(x, ', ' order by x) from (
          select t.tgrelid::regclass || ' ' || t.tgname || ' ' || t.tgenabled::text from pg_trigger t where not t.tgisinternal
          union all select r.ev_class::regclass || ' ' || r.rulename || ' ' || r.ev_enabled::text from pg_rewrite r where r.rulename <> '_RETURN'
          union all select c.relname || ' ' || c.relforcerowsecurity from pg_class c where c.relrowsecurity) c (x)
        """;
}
