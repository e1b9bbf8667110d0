using Bibind.Functions.Settings;
using Bibind.Functions.Settings.Catalogue;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Names that no setting has stop the start, with the name that was probably meant.</summary>
public sealed class SettingsNamesTests
{
    [Theory]
    [InlineData("Dns:Provder", "Dns__Provder is unknown: did you mean Dns__Provider?")]
    [InlineData("dns:ttll", "dns__ttll is unknown: did you mean Dns__Ttl?")]
    [InlineData("Dns:ApiKey", "Dns__ApiKey is unknown: did you mean Dns__PowerDns__ApiKey?")]
    [InlineData("Certificate:Provider", "Certificate__Provider is unknown: did you mean Certificates__Provider?")]
    [InlineData("ControlDatabse", "ControlDatabse is unknown: did you mean ControlDatabase?")]
    [InlineData("Auth:Tokens:1:Nmae", "Auth__Tokens__1__Nmae is unknown: did you mean Auth__Tokens__1__Name?")]
    [InlineData("Auth:Token:3:Name", "Auth__Token__3__Name is unknown: did you mean Auth__Tokens__3__Name?")]
    [InlineData("Storage:Colour", "Storage__Colour is unknown; docs/settings.md lists what is known.")]
    public void A_misspelt_name_is_refused_with_the_nearest_one(string key, string problem) =>
        Assert.Contains(problem, Problems($"--{key}=x"));

    [Theory]
    [InlineData("--Logging:LogLevel:Default=Warning")]
    [InlineData("--Kestrel:Limits:MaxConcurrentConnections=10")]
    [InlineData("--AzureWebJobsStorage=x")]
    [InlineData("--AWS_PROFILE=x")]
    [InlineData("--DOTNET_gcServer=0")]
    [InlineData("--OTEL_SERVICE_NAME=bibind")]
    [InlineData("--platform:DOMAIN=example.test")]
    [InlineData("--Database:TenantIsolation=shared")]
    public void Names_of_the_platforms_and_other_spellings_are_taken(string argument) => Assert.Empty(Problems(argument));

    [Fact]
    public async Task Everything_that_is_wrong_in_file_environment_and_command_line_is_said_at_once()
    {
        var (exitCode, output, errors) = await HostProgram.RunAsync(
            [.. HostProgram.Valid, "--Timers:Sweep=maybe", "--Worker__PollIntervall=00:00:01", "--Placement:MinimumFreePercent=120"],
            """
            "Dns__Provder": "powerdns", "AzureWebJobsStorage": "UseDevelopmentStorage=true", "Whatever": "1",
            "Routing__LargestBody": "a lot", "Backups__NightlyAt": "at night"
            """,
            new Dictionary<string, string> { ["Certificates__Acme__Directry"] = "x", ["QUEUES_FOO"] = "somebody else's", ["STORAGE"] = "x", ["MyApp__Dns__Provder"] = "1" });

        Assert.Equal((78, ""), (exitCode, output));
        string[] problems =
        [
            "Dns__Provder is unknown: did you mean Dns__Provider?",
            "Certificates__Acme__Directry is unknown: did you mean Certificates__Acme__Directory?",
            "Worker__PollIntervall is unknown: did you mean Worker__PollInterval?",
            "Whatever is unknown; docs/settings.md lists what is known.",
            "Timers__Sweep must be true or false.",
            "Routing__LargestBody must be a whole number, 1 or more.",
            "Backups__NightlyAt must be a time from 00:00:00 to 23:59:59, written as hours:minutes:seconds.",
            "Placement__MinimumFreePercent is 120: it must be 0 to 100.",
        ];
        Assert.All(problems, problem => Assert.Contains($"  - {problem}\n", errors, StringComparison.Ordinal));
        Assert.StartsWith("The settings are not usable (8 problems):", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_the_wrong_kind_is_said_without_names_of_types_and_hides_no_other_problem()
    {
        foreach (var setting in SettingsCatalogue.Settings.Where(s => s.Type is not (SettingType.Text or SettingType.Choice) && !s.IsFromPlatform))
        {
            var key = setting.Key.Replace("{n}", "0", StringComparison.Ordinal);
            var problems = Problems($"--{key}=nonsense", "--Dns:Provder=x");
            Assert.Contains($"{Setting.NameOf(key)} must be {setting.Range}.", problems);
            Assert.Contains("Dns__Provder is unknown: did you mean Dns__Provider?", problems);
            Assert.DoesNotContain(problems, p => p.Contains("System.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_blank_number_or_flag_is_the_same_as_none() =>
        Assert.Empty(Problems("--Dns:Ttl=", "--Timers:Sweep= ", "--Routing:WebsocketPort=", "--Worker:PollInterval=", "--Routing:Http=", "--Storage:S3:Endpoint="));

    [Fact]
    public void A_variable_that_hardly_differs_but_may_be_somebody_elses_is_told_and_stops_nothing()
    {
        const string Name = "Certificats__Provider";
        Environment.SetEnvironmentVariable(Name, "acme");
        try
        {
            var configuration = FunctionsHost.ReadConfiguration([]);
            Assert.Contains((Name, "Certificates__Provider"), CatalogueCheck.FindSuspects(configuration));
            Assert.Empty(Problems());
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, null);
        }
    }

    private static IReadOnlyList<string> Problems(params string[] arguments)
    {
        try
        {
            using var app = FunctionsHost.Build([.. HostProgram.Valid, .. arguments]);
            return [];
        }
        catch (SettingsException wrong)
        {
            return wrong.Problems;
        }
    }
}
