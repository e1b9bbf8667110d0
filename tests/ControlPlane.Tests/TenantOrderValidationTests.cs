using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

public sealed class TenantOrderValidationTests
{
    [Theory]
    [InlineData("ab")]
    [InlineData("acme")]
    [InlineData("acme-2")]
    [InlineData("a123456789012345678901234567890")]
    public void A_good_code_is_accepted(string code) => Assert.Empty(TenantOrderValidation.Check(TestPlane.Order(code)));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("Acme")]
    [InlineData("1acme")]
    [InlineData("acme-")]
    [InlineData("-acme")]
    [InlineData("ac_me")]
    [InlineData("ac.me")]
    [InlineData("acmé")]
    [InlineData("acme\n")]
    [InlineData("acme; drop database")]
    [InlineData("xn--acme")]
    [InlineData("a1234567890123456789012345678901")]
    [InlineData("www")]
    [InlineData("admin")]
    [InlineData("api")]
    [InlineData("mail")]
    [InlineData("postgres")]
    [InlineData("template0")]
    [InlineData("template1")]
    public void A_bad_code_is_named(string code) => Assert.Equal(["code"], TenantOrderValidation.Check(TestPlane.Order(code)).Keys);

    [Theory]
    [InlineData("jane@example.com", true)]
    [InlineData("jane.doe+odoo@mail.example.co.uk", true)]
    [InlineData("jane", false)]
    [InlineData("jane@localhost", false)]
    [InlineData("jane@@example.com", false)]
    [InlineData("jane doe@example.com", false)]
    [InlineData("jane@example.com\r\nBcc: x@example.com", false)]
    [InlineData("<jane@example.com>", false)]
    public void An_email_has_the_shape_of_one(string email, bool fine) =>
        Is(fine, "customerEmail", TestPlane.Order() with { CustomerEmail = email });

    [Fact]
    public void A_customer_may_have_no_email() => Assert.Empty(TenantOrderValidation.Check(TestPlane.Order() with { CustomerEmail = null }));

    [Theory]
    [InlineData("fr_FR", true)]
    [InlineData("kab_DZ", true)]
    [InlineData("ar_001", true)]
    [InlineData("es_419", true)]
    [InlineData("sr@latin", true)]
    [InlineData("sr@Cyrl", true)]
    [InlineData("sw", true)]
    [InlineData("ca_ES", true)]
    [InlineData("sr_RS@latin", true)]
    [InlineData("es_41", false)]
    [InlineData("fr_FR@", false)]
    [InlineData("fr", false)]
    [InlineData("FR_fr", false)]
    [InlineData("fr-FR", false)]
    public void A_language_is_written_as_the_application_does(string language, bool fine) =>
        Is(fine, "locale.language", With(new TenantLocale { Language = language }));

    [Theory]
    [InlineData("UTC", true)]
    [InlineData("Europe/Paris", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("America/Port-au-Prince", true)]
    [InlineData("Etc/GMT+1", true)]
    [InlineData("US/Eastern", true)]
    [InlineData("Asia/Calcutta", true)]
    [InlineData("EST5EDT", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("Europe/Pariss", false)]
    [InlineData("europe/paris", false)]
    [InlineData("Romance Standard Time", false)]
    [InlineData("Paris", false)]
    [InlineData("+02:00", false)]
    [InlineData("Europe/Paris; select", false)]
    [InlineData("../../etc/passwd", false)]
    public void A_time_zone_is_one_of_the_IANA_database(string zone, bool fine) =>
        Is(fine, "locale.timeZone", With(new TenantLocale { TimeZone = zone }));

    [Theory]
    [InlineData("EUR", true)]
    [InlineData("eur", false)]
    [InlineData("EURO", false)]
    [InlineData("€", false)]
    public void A_currency_is_three_capital_letters(string currency, bool fine) =>
        Is(fine, "locale.currency", With(new TenantLocale { Currency = currency }));

    [Theory]
    [InlineData("FR", true)]
    [InlineData("fr", false)]
    [InlineData("FRA", false)]
    public void A_country_is_two_capital_letters(string country, bool fine) =>
        Is(fine, "locale.country", With(new TenantLocale { Country = country }));

    [Theory]
    [InlineData("https://console.example/hook?x=1", true)]
    [InlineData("http://127.0.0.1:8000/hook", true)]
    [InlineData("/hook", false)]
    [InlineData("ftp://console.example/hook", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("https://user:secret@console.example/hook", false)]
    [InlineData("https://", false)]
    public void A_callback_is_an_absolute_http_address(string url, bool fine) =>
        Is(fine, "callbackUrl", TestPlane.Order() with { CallbackUrl = url });

    [Fact]
    public void Every_wrong_field_is_named_at_once()
    {
        var errors = TenantOrderValidation.Check(new TenantOrder
        {
            Code = "A",
            Name = new string('x', 129),
            CustomerName = "a\tb",
            CustomerEmail = "no",
            Offer = "",
            Plan = "",
            Template = "",
            CallbackUrl = "no",
            RequestedBy = "",
            Locale = new TenantLocale { Language = "x", TimeZone = "x", DateFormat = "", Currency = "x", Country = "x", Vat = "" },
        });
        Assert.Equal(
            ["callbackUrl", "code", "customerEmail", "customerName", "locale.country", "locale.currency", "locale.dateFormat", "locale.language", "locale.timeZone", "locale.vat", "name", "offer", "plan", "requestedBy", "template"],
            errors.Keys.Order(StringComparer.Ordinal));
        Assert.All(errors.Values, messages => Assert.NotEmpty(messages));
    }

    private static TenantOrder With(TenantLocale locale) => TestPlane.Order() with { Locale = locale };

    private static void Is(bool fine, string field, TenantOrder order) =>
        Assert.Equal(fine ? [] : [field], TenantOrderValidation.Check(order).Keys);
}
