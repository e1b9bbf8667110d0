using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>Orders measured at the door by what the template is known to offer.</summary>
public sealed class TemplateOfferTests(PostgresCluster cluster)
{
    private static readonly TemplateContents French = new()
    {
        Version = "19.0",
        Languages = ["en_US", "es_419", "fr_FR", "sr@latin"],
        Currencies = ["EUR", "USD"],
        Countries = ["FR", "US"],
        Currency = "EUR",
        FiscalCountry = "FR",
        ChartOfAccounts = "fr",
        HasEntries = true,
    };

    [Theory]
    [InlineData("xx_XX", "EUR", null, "locale.language", "does not offer the language 'xx_XX'; it has en_US, es_419, fr_FR, sr@latin")]
    [InlineData("de_DE", "EUR", null, "locale.language", "does not offer the language 'de_DE'")]
    [InlineData("fr_FR", "XTS", null, "locale.currency", "does not know the currency 'XTS'; it has EUR, USD")]
    [InlineData("fr_FR", "USD", null, "locale.currency", "holds journal entries in EUR")]
    [InlineData("fr_FR", "EUR", "ZZ", "locale.country", "does not know the country 'ZZ'; it has FR, US")]
    [InlineData("fr_FR", "EUR", "US", "locale.country", "has the taxes and accounts of FR, not of US")]
    public async Task What_the_template_lacks_is_refused_with_what_it_has(string language, string currency, string? country, string field, string words)
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1, French));

        var refused = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order(language, currency, country)));

        Assert.Equal((ReservationRefusalKind.LocaleNotOffered, field), (refused.Kind, refused.Field));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fr_FR", null)]
    [InlineData("es_419", null)]
    [InlineData("sr@latin", "FR")]
    [InlineData("en_US", null)]
    public async Task What_it_offers_is_accepted(string language, string? country)
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1, French));

        Assert.IsType<Reservation>(await plane.ReserveAsync(Order(language, "EUR", country)));
    }

    [Fact]
    public async Task The_server_whose_template_offers_it_takes_the_tenant()
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1, French));
        await AttachAsync(plane, "odoo-2", new FoundTemplate("h", 1, French with { Languages = ["de_DE"], FiscalCountry = "DE", Countries = ["DE"] }));

        Assert.Equal("odoo-2", Assert.IsType<Reservation>(await plane.ReserveAsync(Order("de_DE", "EUR", null))).Place.ServerCode);
    }

    [Fact]
    public async Task A_template_that_nobody_looked_into_is_measured_when_it_is_known()
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1));
        var first = Assert.IsType<Reservation>(await plane.ReserveAsync(Order("de_DE", "EUR", null)));

        await plane.Templates.LearnAsync(first.Place.ServerId, "blank", French, CancellationToken.None);

        Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order("de_DE", "EUR", null) with { Code = "globex" }));
        Assert.Equal(French.Languages, (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Contents!.Languages);
    }

    [Fact]
    public async Task A_backup_becomes_a_tenant_whatever_the_template_offers()
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1, French));

        Assert.IsType<Reservation>(await plane.ReserveAsync(Order("de_DE", "USD", "DE") with { IsRestored = true }));
    }

    [Fact]
    public async Task A_template_that_cannot_be_cloned_is_not_ready_and_the_order_says_why()
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1, French, "386 of 387 files are missing."));

        var refused = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order("fr_FR", "EUR", null)));

        Assert.Equal(ReservationRefusalKind.TemplateNotReady, refused.Kind);
        Assert.EndsWith("odoo-1 has a template 'blank' that is not ready (386 of 387 files are missing).", refused.Message, StringComparison.Ordinal);
        Assert.Equal(TemplateStates.Failed, (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.State);
    }

    [Theory]
    [InlineData("magento")]
    [InlineData("drupal")]
    public async Task An_offer_whose_application_cannot_be_provided_is_refused(string application)
    {
        await using var plane = await PlaneAsync(new FoundTemplate("h", 1));
        await plane.ScalarAsync<int>($"update control.offers set application = '{application}' where code = 'odoo-shared'");

        var refused = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order()));

        Assert.Equal((ReservationRefusalKind.ApplicationNotProvided, "offer"), (refused.Kind, refused.Field));
        Assert.Contains($"of the application '{application}', which cannot be provided; there is odoo", refused.Message, StringComparison.Ordinal);
    }

    private static TenantOrder Order(string language, string currency, string? country) =>
        TestPlane.Order() with { Locale = new TenantLocale { Language = language, Currency = currency, Country = country } };

    private async Task<TestPlane> PlaneAsync(FoundTemplate found)
    {
        var plane = await cluster.NewPlaneAsync();
        await AttachAsync(plane, "odoo-1", found);
        return plane;
    }

    private static async Task AttachAsync(TestPlane plane, string server, FoundTemplate found)
    {
        await plane.AddServerAsync(server, withTemplate: false);
        Assert.IsType<TemplateAttached>(await plane.Templates.AttachAsync(
            new NewTemplate { Code = "blank", Server = server, RequestedBy = "test" }, found, CancellationToken.None));
    }
}
