using System.Reflection;
using Bibind.Activities.Registration;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
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
            typeof(Contracts.Database), typeof(FileStore), typeof(Contracts.Credentials), typeof(Contracts.Dns), typeof(Contracts.Certificates), typeof(Contracts.Storage),
            typeof(Contracts.Routing), typeof(Contracts.Application), typeof(Contracts.Backup), typeof(Caller), typeof(Contracts.Templates), typeof(TemplateVersions),
            typeof(Contracts.Tenants), typeof(Contracts.Domains), typeof(DomainPurchases), typeof(BackupJobs), typeof(CredentialResets), typeof(Contracts.Moves), typeof(CancelledJobs), typeof(Contracts.Rollouts), typeof(Contracts.Upgrades), typeof(TenantModules), typeof(Contracts.WarmPools), typeof(Contracts.Suspensions), typeof(PlanChanges), typeof(SupportAccesses), typeof(Contracts.Staging),
        }.SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(field => field.GetValue(null)!)
            .Where(value => value.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ActivityDefinition<,>))
            .Select(definition => (string)definition.GetType().GetProperty("Name")!.GetValue(definition)!);

        Assert.Equal(named.Order(), new TaskRegistry().AddActivities().ActivityNames.Order());
    }

    [Theory]
    [InlineData("Credentials:PoolSize", "-1")]
    [InlineData("Storage:Local:Folder", " ")]
    [InlineData("Storage:Local:CapacityBytes", "0")]
    [InlineData("Storage:Provider", "ftp")]
    [InlineData("Routing:Provider", "apache")]
    [InlineData("Routing:Http", "https://127.0.0.1")]
    [InlineData("Routing:Https", "https://127.0.0.1/path")]
    [InlineData("Routing:VerifyLimit", "00:00:00")]
    [InlineData("Routing:Caddy:Admin", "unix:/run/caddy")]
    [InlineData("Routing:Caddy:Server", " ")]
    [InlineData("Routing:Caddy:Timeout", "00:00:00")]
    [InlineData("Routing:Nginx:Folder", "/etc/nginx; rm")]
    [InlineData("Routing:Nginx:Program", "")]
    [InlineData("Routing:Nginx:Configuration", "")]
    [InlineData("Routing:Nginx:HttpListen", "80; return 200")]
    [InlineData("Routing:Nginx:HttpsListen", "https")]
    [InlineData("Backups:Bucket", "No Bucket")]
    [InlineData("Backups:NightlyAt", "1.02:00:00")]
    [InlineData("Templates:OdooBin", "")]
    [InlineData("Templates:InitialisationLimit", "00:00:00")]
    [InlineData("Callbacks:Timeout", "01:00:00")]
    [InlineData("PendingItems:Interval", "00:00:00.5")]
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
    [InlineData("Domains:Resolvers", "ns1.example.com")]
    [InlineData("Domains:WaitLimit", "00:00:00")]
    [InlineData("Domains:Registrar:Provider", "godaddy")]
    [InlineData("Domains:Registrar:Ovh:Subsidiary", "", "Domains:Registrar:Provider", "ovh")]
    [InlineData("Domains:Registrar:Ovh:OwnerContact", "1234", "Domains:Registrar:Provider", "ovh")]
    [InlineData("Domains:Registrar:WaitLimit", "00:00:00", "Domains:Registrar:Provider", "ovh")]
    [InlineData("Dns:Ovh:ConsumerKey", "", "Domains:Registrar:Provider", "ovh")]
    [InlineData("Dns:Route53:SecretAccessKey", "", "Domains:Registrar:Provider", "route53")]
    [InlineData("Domains:Registrar:Route53:Contact:Email", "nobody", "Domains:Registrar:Provider", "route53")]
    [InlineData("Domains:Registrar:Route53:Contact:PhoneNumber", "0123", "Domains:Registrar:Provider", "route53")]
    [InlineData("Domains:Registrar:Route53:Contact:OrganizationName", "", "Domains:Registrar:Provider", "route53")]
    [InlineData("Certificates:PerWeek", "0", "Certificates:Provider", "acme")]
    public void A_wrong_setting_is_named(string setting, string value, string? besides = null, string? ofValue = null)
    {
        var settings = new Dictionary<string, string?> { [setting] = value };
        if (besides is not null)
        {
            settings[besides] = ofValue;
        }

        using var services = Build(settings);

        // Several where the options of one part look at those of another; the host tells all of them.
        var refused = Assert.ThrowsAny<Exception>(() => services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Storage:S3:Endpoint", "ftp://s3.example.com")]
    [InlineData("Storage:S3:PublicEndpoint", "https://s3.example.com/path")]
    [InlineData("Storage:S3:Region", "")]
    [InlineData("Storage:S3:AccessKey", "")]
    [InlineData("Storage:S3:SecretKey", "")]
    [InlineData("Storage:S3:TenantUsers", "iam")]
    public void A_wrong_setting_of_the_object_store_is_named_where_it_is_used(string setting, string value)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Storage:S3:Endpoint"] = "https://s3.example.com",
            ["Storage:S3:AccessKey"] = "an-access-key",
            ["Storage:S3:SecretKey"] = "a-secret-key",
            [setting] = value,
        };
        using var unused = Build(settings);
        unused.GetRequiredService<IStartupValidator>().Validate();
        settings["Storage:Provider"] = "s3";
        using var used = Build(settings);

        var refused = Assert.Throws<OptionsValidationException>(() => used.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret-key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_activity_can_be_made_by_the_host()
    {
        await using var world = await World.CreateAsync();

        var activities = typeof(ActivitiesRegistration).Assembly.GetTypes()
            // Those on the rows of tenants, domains, jobs, moves and versions of templates need the control database.
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(ITaskActivity))
                && type.Namespace is not ("Bibind.Activities.Tenants" or "Bibind.Activities.Domains" or "Bibind.Activities.Domains.Registrars" or "Bibind.Activities.Backup.Jobs"
                    or "Bibind.Activities.Credentials.Resets" or "Bibind.Activities.Templates.Versions" or "Bibind.Activities.Moves" or "Bibind.Activities.Jobs" or "Bibind.Activities.Rollouts" or "Bibind.Activities.Upgrades"
                    or "Bibind.Activities.Suspensions" or "Bibind.Activities.Support" or "Bibind.Activities.Staging"));

        Assert.All(activities, type => Assert.NotNull(ActivatorUtilities.CreateInstance(world.Services, type)));
    }

    private static ServiceProvider Build(Dictionary<string, string?> settings) => new ServiceCollection()
        .AddLogging()
        .AddActivities(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
        .BuildServiceProvider();
}
