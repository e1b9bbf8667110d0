using System.Reflection;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests;

public sealed class ActivitiesRegistrationTests
{
    [Fact]
    public void Every_effect_has_its_activity()
    {
        var named = new[]
        {
            typeof(Contracts.Database), typeof(Contracts.Credentials), typeof(Contracts.Dns), typeof(Contracts.Certificates), typeof(Contracts.Storage),
            typeof(Contracts.Routing), typeof(Contracts.Application), typeof(Contracts.Backup), typeof(Caller), typeof(Contracts.Templates),
            typeof(Contracts.Tenants),
        }.SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => field.GetValue(null)!)
            .Select(definition => (string)definition.GetType().GetProperty("Name")!.GetValue(definition)!);

        Assert.Equal(named.Order(), new DurableTaskRegistry().AddActivities().ActivityNames.Order());
    }

    [Theory]
    [InlineData("Credentials:PoolSize", "-1")]
    [InlineData("Storage:Local:Folder", " ")]
    [InlineData("Storage:Local:CapacityBytes", "0")]
    [InlineData("Backups:Bucket", "No Bucket")]
    [InlineData("Templates:OdooBin", "")]
    [InlineData("Templates:InitialisationLimit", "00:00:00")]
    [InlineData("Callbacks:Timeout", "01:00:00")]
    [InlineData("Dns:Provider", "bind")]
    [InlineData("Dns:Zone", "Not A Zone", "Dns:Provider", "ovh")]
    [InlineData("Dns:PowerDns:ApiKey", "", "Dns:Provider", "powerdns")]
    [InlineData("Dns:Ovh:ConsumerKey", "", "Dns:Provider", "ovh")]
    [InlineData("Dns:Route53:SecretAccessKey", "", "Dns:Provider", "route53")]
    [InlineData("Dns:Target", "not a target", "Dns:Provider", "ovh")]
    [InlineData("Dns:Authoritative", "ns1.example.com", "Dns:Provider", "ovh")]
    [InlineData("Dns:Ttl", "5", "Dns:Provider", "ovh")]
    [InlineData("Certificates:Provider", "certbot")]
    [InlineData("Certificates:Acme:AcceptTerms", "false", "Certificates:Provider", "acme")]
    [InlineData("Certificates:Acme:Directory", "http://ca.example/dir", "Certificates:Provider", "acme")]
    [InlineData("Certificates:Acme:EabKey", "abc", "Certificates:Provider", "acme")]
    [InlineData("Certificates:Acme:TrustedRoots", "no/such/file.pem", "Certificates:Provider", "acme")]
    [InlineData("Certificates:Challenge", "dns-01", "Certificates:Provider", "acme")]
    [InlineData("Certificates:PerWeek", "0", "Certificates:Provider", "acme")]
    public void A_wrong_setting_is_named(string setting, string value, string? besides = null, string? ofValue = null)
    {
        var settings = new Dictionary<string, string?> { [setting] = value };
        if (besides is not null)
        {
            settings[besides] = ofValue;
        }

        using var services = new ServiceCollection()
            .AddLogging()
            .AddActivities(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .BuildServiceProvider();

        var refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_activity_can_be_made_by_the_host()
    {
        await using var world = await World.CreateAsync();

        var activities = typeof(ActivitiesRegistration).Assembly.GetTypes()
            // Those on the tenant's row need the control database.
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(ITaskActivity)) && type.Namespace != "Bibind.Activities.Tenants");

        Assert.All(activities, type => Assert.NotNull(ActivatorUtilities.CreateInstance(world.Services, type)));
    }
}
