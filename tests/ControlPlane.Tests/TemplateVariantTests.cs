using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>Templates of one family for different countries and languages: which of them an order takes.</summary>
public sealed class TemplateVariantTests(PostgresCluster cluster)
{
    private static readonly TemplateContents Base = new() { Languages = ["en_US", "fr_FR"], Currencies = ["EUR", "USD"], Countries = ["BE", "CH", "DE", "FR", "US"] };

    [Theory]
    [InlineData("fr_FR", null, "blank-fr")]
    [InlineData("fr_FR", "BE", "blank-be")]
    [InlineData("nl_BE", "BE", "blank-be-nl")]
    [InlineData("de_DE", null, "blank-de")]
    [InlineData("en_US", "DE", "blank-de")]
    [InlineData("fr_FR", "CH", "blank")]
    [InlineData("en_US", null, "blank")]
    public async Task The_most_specific_one_that_fits_is_taken(string language, string? country, string code)
    {
        await using var plane = await PlaneAsync();

        var reservation = Assert.IsType<Reservation>(await plane.ReserveAsync(Order(language, country)));

        Assert.Equal(code, reservation.Place.TemplateCode);
        Assert.Equal($"template_{code}", reservation.Place.TemplateDatabase);
    }

    [Fact]
    public async Task What_none_of_them_offers_is_refused_with_what_each_has()
    {
        await using var plane = await PlaneAsync();

        var refused = Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order("pt_BR", null)));

        Assert.Equal((ReservationRefusalKind.LocaleNotOffered, "locale.language"), (refused.Kind, refused.Field));
        Assert.Contains("No template of 'blank' offers what is ordered.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'blank-de' does not offer the language 'pt_BR'; it has de_DE, en_US", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_family_needs_no_template_of_its_name()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await AttachAsync(plane, "salon-fr", "fr_FR", Base with { FiscalCountry = "FR" }, "salon");

        Assert.Equal("salon-fr", Assert.IsType<Reservation>(await plane.ReserveAsync(Order("fr_FR", null) with { Template = "salon" })).Place.TemplateCode);
        Assert.Equal(ReservationRefusalKind.UnknownTemplate, Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order("fr_FR", null) with { Template = "none" })).Kind);
        Assert.Empty(await plane.Get<OrderCatalogue>().FindUnknownAsync(TestPlane.Order() with { Template = "salon" }, CancellationToken.None));
    }

    [Fact]
    public async Task A_template_that_is_named_by_its_own_code_is_taken_as_it_is()
    {
        await using var plane = await PlaneAsync();

        Assert.Equal("blank-de", Assert.IsType<Reservation>(await plane.ReserveAsync(Order("en_US", null) with { Template = "blank-de" })).Place.TemplateCode);
        Assert.Equal(
            ReservationRefusalKind.LocaleNotOffered,
            Assert.IsType<ReservationRefused>(await plane.ReserveAsync(Order("fr_FR", null) with { Code = "globex", Template = "blank-de" })).Kind);
    }

    private static TenantOrder Order(string language, string? country) =>
        TestPlane.Order() with { Locale = new TenantLocale { Language = language, Currency = "EUR", Country = country } };

    private async Task<TestPlane> PlaneAsync()
    {
        var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await AttachAsync(plane, "blank", "en_US", Base);
        await AttachAsync(plane, "blank-fr", "fr_FR", Base with { FiscalCountry = "FR" });
        await AttachAsync(plane, "blank-de", "de_DE", Base with { FiscalCountry = "DE", Languages = ["de_DE", "en_US"] });
        await AttachAsync(plane, "blank-be", "fr_FR", Base with { FiscalCountry = "BE", Languages = ["fr_FR", "nl_BE"] });
        await AttachAsync(plane, "blank-be-nl", "nl_BE", Base with { FiscalCountry = "BE", Languages = ["fr_FR", "nl_BE"] });
        return plane;
    }

    private static async Task AttachAsync(TestPlane plane, string code, string language, TemplateContents contents, string family = "blank") =>
        Assert.IsType<TemplateAttached>(await plane.Templates.AttachAsync(
            new NewTemplate { Code = code, Server = "odoo-1", Language = language, Family = family, RequestedBy = "test" },
            new FoundTemplate("h", 1, contents), CancellationToken.None));
}
