using Xunit;

namespace Bibind.Activities.Tests.Application;

public sealed class InheritedThingsTests(CopiesFixture copies) : IClassFixture<CopiesFixture>
{
    public static TheoryData<string> Things => [.. Inherited.All.Select(i => i.Thing)];

    public static TheoryData<string> ThingsOfTenants => [.. Inherited.All.Where(i => i.OfTenants).Select(i => i.Thing)];

    [Theory]
    [MemberData(nameof(Things))]
    public async Task A_clone_of_a_template_has_none_of_its(string thing) => Assert.Equal(0, await copies.CountAsync(ofTenant: false, Find(thing).Left));

    [Theory]
    [MemberData(nameof(ThingsOfTenants))]
    public async Task A_copy_of_a_tenant_has_none_of_its(string thing) => Assert.Equal(0, await copies.CountAsync(ofTenant: true, Find(thing).Left));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_sent_and_what_rules_stay(bool ofTenant)
    {
        Assert.Equal(1, await copies.CountAsync(ofTenant, "mail_mail where state = 'sent'"));
        Assert.Equal(2, await copies.CountAsync(ofTenant, "mail_mail where state = 'cancel'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant, "sms_sms where state = 'sent'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant, "ir_config_parameter where key = 'auth_signup.reset_password' and value = 'True'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant, "payment_provider where code = 'demo' and state = 'test'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant, "acme_shipping_account where api_secret <> ''"));
    }

    [Fact]
    public async Task A_tenants_copy_sends_no_mail_by_the_servers_own_configuration()
    {
        Assert.Equal("invalid", await copies.AskAsync<string>(ofTenant: true, "select string_agg(smtp_host, ',') from ir_mail_server where active"));
        Assert.Equal(0, await copies.CountAsync(ofTenant: false, "ir_mail_server where active"));
    }

    [Fact]
    public async Task People_and_addresses_of_a_tenant_stay_in_its_copy()
    {
        Assert.Equal(1, await copies.CountAsync(ofTenant: true, "res_users where login = 'builder' and active and password = 'x'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant: true, "res_partner where id = 1 and street = 'Builder street'"));
        Assert.Equal(1, await copies.CountAsync(ofTenant: true, "website where name = 'My Website'"));
    }

    [Fact]
    public async Task The_website_of_a_clone_is_the_customers_in_his_language()
    {
        Assert.Equal(
            "Acme & Söhne|fr_FR|fr_FR",
            await copies.AskAsync<string>(
                ofTenant: false,
                """
                select concat_ws('|', w.name, l.code, (select string_agg(x.code, ',') from website_lang_rel r join res_lang x on x.id = r.lang_id where r.website_id = w.id))
                from website w join res_lang l on l.id = w.default_lang_id
                """));
    }

    [Theory]
    [InlineData("lang", "\"fr_FR\"")]
    [InlineData("tz", "\"Europe/Paris\"")]
    public async Task New_people_get_the_language_and_time_zone_that_were_ordered(string field, string value) =>
        Assert.Equal(
            value,
            await copies.AskAsync<string>(
                ofTenant: false,
                $"select string_agg(d.json_value, ',') from ir_default d join ir_model_fields f on f.id = d.field_id where f.model = 'res.partner' and f.name = '{field}'"));

    private static Inherited Find(string thing) => Inherited.All.Single(i => i.Thing == thing);
}
