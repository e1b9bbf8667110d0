using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Staging;

public sealed class MaskingTests
{
    private const string Customers =
        """
        create table customer (
          id serial primary key, name varchar not null, email varchar, alias varchar(20), phone varchar, born date, credit numeric(10, 2), title jsonb, note text, shouted varchar generated always as (upper(name)) stored);
        insert into customer (name, email, alias, phone, born, credit, title, note) values
          ('Ada', 'ada@example.org', 'ada', '1', '1815-12-10', 12.5, '{"en_US": "Countess", "fr_FR": "Comtesse"}', 'secret'),
          ('Bob', 'ADA@example.org', 'ada', '', null, null, null, null),
          ('Eve', null, null, '3', '2000-01-01', 1, '{}', 'other');
        create view shown as select * from customer;
        create unique index on customer (name);
        """;

    [Fact]
    public async Task Each_method_does_what_it_says_and_empty_stays_empty()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync(Customers);

        var report = await world.StageAsync(
            place,
            StagingWorld.Rule("customer", "name", MaskingMethods.Hash),
            StagingWorld.Rule("customer", "email", MaskingMethods.Email),
            StagingWorld.Rule("customer", "alias", MaskingMethods.Hash),
            StagingWorld.Rule("customer", "phone", MaskingMethods.Fixed, "it's 0"),
            StagingWorld.Rule("customer", "born", MaskingMethods.Fixed, "1970-01-01"),
            StagingWorld.Rule("customer", "credit", MaskingMethods.Fixed, "0"),
            StagingWorld.Rule("customer", "title", MaskingMethods.Hash),
            StagingWorld.Rule("customer", "shouted", MaskingMethods.Fixed, "x"),
            StagingWorld.Rule("customer", "note", MaskingMethods.Null));

        Assert.Equal(("customer", 3L, 9), report.Masked.Select(m => (m.Table, m.Rows, m.Columns.Count)).Single());
        Assert.Empty(report.Skipped);
        Assert.Equal(3, await CountAsync("name ~ '^[0-9a-f]{64}$'"));
        Assert.Equal(2, await CountAsync("email ~ '^[0-9a-f]{24}@masked[.]invalid$'"));
        Assert.Equal(1, await world.AskAsync<long>("select count(distinct email) from customer where email is not null", place.Database));
        Assert.Equal(2, await CountAsync("length(alias) = 20"));
        Assert.Equal(1, await world.AskAsync<long>("select count(distinct alias) from customer where alias is not null", place.Database));
        Assert.Equal((2, 1), (await CountAsync("phone = 'it''s 0'"), await CountAsync("phone = ''")));
        Assert.Equal((2, 2), (await CountAsync("born = '1970-01-01'"), await CountAsync("credit = 0")));
        Assert.Equal(1, await CountAsync("title->>'fr_FR' ~ '^[0-9a-f]{64}$' and title->>'en_US' ~ '^[0-9a-f]{64}$'"));
        Assert.Equal((3, 0), (await CountAsync("shouted = 'x'"), await CountAsync("note is not null")));

        Task<long> CountAsync(string where) => world.AskAsync<long>($"select count(*) from customer where {where}", place.Database);
    }

    [Fact]
    public async Task A_hash_cannot_be_looked_up_for_each_copy_has_its_own()
    {
        await using var world = await World.CreateAsync();
        var names = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            var place = await world.CopyAsync(Customers);
            await world.StageAsync(place, StagingWorld.Rule("customer", "name", MaskingMethods.Hash));
            names.Add(await world.AskAsync<string>("select name from customer where id = 1", place.Database));
        }

        Assert.NotEqual(names[0], names[1]);
        Assert.DoesNotContain(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("Ada"u8)), names);
    }

    [Fact]
    public async Task A_rule_that_names_what_does_not_exist_is_told_and_no_failure()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync(Customers);

        var report = await world.StageAsync(
            place,
            StagingWorld.Rule("nowhere", "name", MaskingMethods.Null),
            StagingWorld.Rule("customer", "nothing", MaskingMethods.Null),
            StagingWorld.Rule("shown", "email", MaskingMethods.Null),
            StagingWorld.Rule("customer", "email", MaskingMethods.Null));

        Assert.Equal(
            [("nowhere", "there is no such table"), ("customer", "the table has no such column"), ("shown", "it is a view and no table: mask the tables that it shows")],
            report.Skipped.Select(s => (s.Table, s.Reason)));
        Assert.Equal(2, report.Masked.Single().Rows);
    }

    [Theory]
    [InlineData("name", MaskingMethods.Fixed, "same", "duplicate key")]
    [InlineData("name", MaskingMethods.Null, null, "not-null constraint")]
    [InlineData("born", MaskingMethods.Fixed, "yesterday-ish", "invalid input syntax")]
    [InlineData("credit", MaskingMethods.Hash, null, "the method hash is for texts")]
    [InlineData("alias", MaskingMethods.Email, null, "too few for an address")]
    public async Task A_rule_that_cannot_be_applied_fails_and_nothing_is_changed(string column, string method, string? value, string said)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync(Customers);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.StageAsync(place, StagingWorld.Rule("customer", "phone", MaskingMethods.Null), StagingWorld.Rule("customer", column, method, value)));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be applied", refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, await world.AskAsync<long>("select count(*) from customer where phone is not null", place.Database));
        Assert.NotEqual(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
    }

    [Fact]
    public async Task No_rule_brings_back_what_is_taken_away()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CopyAsync();

        await world.StageAsync(
            place,
            StagingWorld.Rule("ir_cron", "active", MaskingMethods.Fixed, "true"),
            StagingWorld.Rule("ir_mail_server", "smtp_host", MaskingMethods.Fixed, "smtp.example.org"),
            StagingWorld.Rule("res_users", "login", MaskingMethods.Hash));

        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_cron where active", place.Database));
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from ir_mail_server where smtp_host <> 'invalid'", place.Database));
        Assert.Equal(1, await world.AskAsync<long>("select count(*) from res_users where login = 'admin' and password like '$pbkdf2%'", place.Database));
    }
}
