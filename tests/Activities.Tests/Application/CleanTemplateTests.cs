using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>What no tenant may inherit is found in a template, and is not there any more after it was cleaned.</summary>
public sealed class CleanTemplateTests
{
    [Fact]
    public async Task What_is_in_a_template_is_named_and_gone_after_the_cleaning()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsApplicationAsync(string.Join(";\n", Inherited.All.Select(i => i.Setup)), place.Database);
        var odoo = new OdooApplication(TimeProvider.System);
        await using var connection = await world.OpenAsync(place.Database, LocalServer.ApplicationRole);

        var unclean = await odoo.FindUncleanAsync(connection, CancellationToken.None);

        Assert.Superset(
            new HashSet<string>
            {
                "queued mail", "queued text messages", "queued letters", "planned messages", "mailings that wait to go out", "outgoing mail servers", "incoming mail servers",
                "a domain of outgoing addresses", "webhooks that are called", "payment providers in use", "providers to sign in with", "people's API keys",
                "credentials in payment_provider.stripe_secret_key", "credentials in acme_shipping_account.login_password", "credentials in the parameter unsplash.access_key",
            },
            unclean.ToHashSet());
        Assert.DoesNotContain(unclean, u => u.Contains("sk_live", StringComparison.Ordinal));
        await odoo.CleanTemplateAsync(connection, CancellationToken.None);
        Assert.Empty(await odoo.FindUncleanAsync(connection, CancellationToken.None));
    }

    [Fact]
    public async Task A_database_without_the_application_is_clean()
    {
        await using var world = await World.CreateAsync();
        await using var connection = await world.OpenAsync("postgres");

        Assert.Empty(await new OdooApplication(TimeProvider.System).FindUncleanAsync(connection, CancellationToken.None));
    }
}
