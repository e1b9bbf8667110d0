using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>Orders that a template cannot meet, found in the clone where nobody had looked into the template before.</summary>
public sealed class TemplateFitTests
{
    // As the module account makes them.
    private const string Chart =
        """
        alter table res_company add chart_template varchar, add account_fiscal_country_id int;
        update res_company set chart_template = 'generic_coa', account_fiscal_country_id = (select id from res_country where code = 'US');
        create table account_move_line (id serial primary key, move_id int not null, balance numeric)
        """;

    [Fact]
    public async Task A_language_that_is_known_and_not_active_is_refused()
    {
        var refused = await RefusedAsync(new TenantLocale { Language = "pl_PL" }, "select 1");

        Assert.Contains("does not offer the language 'pl_PL'; it has ar_001, de_DE, en_US, es_419", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("es_419")]
    [InlineData("sr@latin")]
    [InlineData("ar_001")]
    public async Task Languages_of_every_form_are_written(string language)
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world, new TenantLocale { Language = language }, "select 1");

        Assert.Equal(language, await world.AskAsync<string>("select p.lang from res_company c join res_partner p on p.id = c.partner_id", place.Database));
    }

    [Theory]
    [InlineData("fr_FR", "FR")]
    [InlineData("fr_FR", null)]
    [InlineData("en_US", "FR")]
    public async Task A_country_whose_taxes_the_template_lacks_is_refused(string language, string? country)
    {
        var refused = await RefusedAsync(new TenantLocale { Language = language, Country = country }, Chart);

        Assert.Contains("has the taxes and accounts of US, not of FR", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fr_FR", "US")]
    [InlineData("en_US", null)]
    [InlineData("es_419", null)]
    public async Task The_country_of_the_chart_is_the_tenants(string language, string? country)
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world, new TenantLocale { Language = language, Country = country }, Chart);

        Assert.Equal(
            "US", await world.AskAsync<string>("select k.code from res_company c join res_partner p on p.id = c.partner_id join res_country k on k.id = p.country_id", place.Database));
    }

    [Fact]
    public async Task The_currency_is_not_changed_when_there_are_entries()
    {
        var refused = await RefusedAsync(
            new TenantLocale { Currency = "EUR", Country = "US" }, $"{Chart}; insert into account_move_line (move_id, balance) values (1, 1)");

        Assert.Contains("holds journal entries in USD, so its tenants cannot have the currency 'EUR'", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_template_offers_is_learnt_from_the_first_tenant()
    {
        await using var world = await World.CreateAsync();
        var place = await ConfigureAsync(world, new TenantLocale { Currency = "CHF", Country = "US" }, Chart);

        var learnt = world.Templates.Learnt[place.TemplateCode];
        Assert.Equal(("US", "generic_coa", "USD", "18.0", false, false), (learnt.FiscalCountry, learnt.ChartOfAccounts, learnt.Currency, learnt.Version, learnt.HasEntries, learnt.HasDemoData));
        Assert.Contains("base", learnt.Modules);
        Assert.Equal(12, learnt.Files);
    }

    private static async Task<string> RefusedAsync(TenantLocale locale, string setup)
    {
        await using var world = await World.CreateAsync();
        return (await Assert.ThrowsAsync<PermanentFailureException>(() => ConfigureAsync(world, locale, setup))).Message;
    }

    private static async Task<TenantDescriptor> ConfigureAsync(World world, TenantLocale locale, string setup)
    {
        var place = await world.CloneAsync(World.NewPlace() with { Locale = locale });
        await world.ExecuteAsApplicationAsync(setup, place.Database);
        await world.RunAsync<ConfigureApplication>(place);
        return place;
    }
}
