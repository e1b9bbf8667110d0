using System.Diagnostics;
using Bibind.Functions.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Settings that are missing or wrong stop the host with words that name them.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void Nothing_set_names_everything_that_is_needed()
    {
        var problems = Problems();
        Assert.Contains(problems, p => p.StartsWith("ControlDatabase is missing", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.StartsWith("Auth__Tokens is empty", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.StartsWith("Secrets__MasterKey", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.StartsWith("Platform__Domain", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Auth:Tokens:0:Token=short", "Auth__Tokens__0__Token is too short: 24 characters at least")]
    [InlineData("--Auth:Tokens:0:Token=with spaces and / slashes in it", "Auth__Tokens__0__Token may hold letters, digits")]
    [InlineData("--Auth:Tokens:0:Role=king", "Auth__Tokens__0__Role must be one of viewer, manager, admin.")]
    [InlineData("--Auth:Tokens:0:Role=2", "Auth__Tokens__0__Role must be one of viewer, manager, admin.")]
    [InlineData("--Auth:Tokens:1:Token=0123456789abcdef01234567", "Auth__Tokens__1__Name is missing")]
    [InlineData("--Auth:Tokens:1:Name=first", "Auth__Tokens__1__Name is the same as Auth__Tokens__0__Name")]
    [InlineData("--Auth:Tokens:0:NotAfter=tomorrow", "Auth__Tokens__0__NotAfter must be a date and time such as 2027-01-31T12:00:00Z")]
    [InlineData("--Auth:Tokens:0:NotAfter=2027-01-31T12:00:00", "Auth__Tokens__0__NotAfter must be a date and time such as 2027-01-31T12:00:00Z")]
    [InlineData("--Auth:Tokens:0:Label=a\u0007b", "Auth__Tokens__0__Label must be at most 100 printable characters.")]
    [InlineData("--OdooWebhooks:0:Name=console", "OdooWebhooks__0__Token is missing")]
    [InlineData("--ControlDatabase=nonsense", "ControlDatabase is not a PostgreSQL connection string")]
    [InlineData("--ControlDatabase=Host=x", "ControlDatabase must name Host and Database")]
    [InlineData("--Urls=https://0.0.0.0:443", "Urls holds 'https://0.0.0.0:443'")]
    [InlineData("--Secrets:MasterKey=c2hvcnQ=", "Secrets__MasterKey holds 5 bytes")]
    [InlineData("--Platform:Scheme=gopher", "Platform__Scheme is 'gopher'")]
    [InlineData("--Placement:MinimumFreePercent=120", "Placement__MinimumFreePercent is 120")]
    [InlineData("--Seed:Server:Code=local", "Seed__Server__DatabasePassword is missing")]
    [InlineData("--Seed:Server:Name=Local", "Seed__Server__ApplicationPassword is missing")]
    [InlineData("--Seed:Server:DatabasePort=99999", "Seed__Server__DatabasePort must be a whole number from 1 to 65535.")]
    [InlineData("--FileStore:Provider=folder", "FileStore__Folder is missing")]
    [InlineData("--Seed:Templates:blank=template_blank", "Seed__Templates needs Seed__Server__Code")]
    [InlineData("--Durable:Engine=magic", "Durable__Engine must be one of postgres, scheduler, memory.")]
    [InlineData("--Durable:Engine=scheduler", "Durable__Scheduler__Endpoint is missing")]
    public void A_wrong_setting_is_named_as_people_write_it(string argument, string words)
    {
        var key = argument[..argument.IndexOf('=', StringComparison.Ordinal)];
        string[] valid = [.. ValidArguments.Where(a => !a.StartsWith(key + "=", StringComparison.Ordinal))];
        Assert.Contains(Problems([.. valid, argument]), p => p.StartsWith(words, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Worker:ActivityLimits=database.clone=1", "Worker__ActivityLimits is set, and Durable__Engine=scheduler cannot keep it")]
    [InlineData("--Worker:MaxConcurrentActivitiesPerTenant=2", "Worker__MaxConcurrentActivitiesPerTenant is set")]
    [InlineData("--Durable:Scheduler:Credential=managedidentity", "Durable__Scheduler__Credential is managedidentity")]
    [InlineData("--Durable:Scheduler:Endpoint=ftp://x", "Durable__Scheduler__Endpoint must be an http or https address")]
    [InlineData("--Hosting:Kind=webadapter", "Durable__Engine is scheduler, whose worker must live on")]
    public void What_the_scheduler_cannot_keep_is_refused(string argument, string words) =>
        Assert.Contains(
            Problems([.. ValidArguments, "--Durable:Engine=scheduler", "--Durable:Scheduler:Endpoint=http://127.0.0.1:8080", argument]),
            p => p.StartsWith(words, StringComparison.Ordinal));

    [Fact]
    public void A_password_in_a_broken_connection_string_is_not_repeated()
    {
        var problems = Problems("--ControlDatabase=Host=x;Database=y;Password=geheim;Port=geheim");
        Assert.DoesNotContain(problems, p => p.Contains("geheim", StringComparison.Ordinal));
    }

    [Fact]
    public void Values_of_the_file_are_read_and_the_environment_overrides_them()
    {
        using var file = new TemporaryFile("""
            {
              // The Functions tools allow comments.
              "IsEncrypted": false,
              "Values": { "A__B": "from the file", "A__C": "also", "Number": 5, },
            }
            """);
        var configuration = new ConfigurationBuilder()
            .Add(new LocalSettings(file.Path))
            .AddInMemoryCollection(new Dictionary<string, string?> { ["A:C"] = "overridden" })
            .Build();
        Assert.Equal("from the file", configuration["A:B"]);
        Assert.Equal("overridden", configuration["A:C"]);
        Assert.Equal("5", configuration["Number"]);
    }

    [Theory]
    [InlineData("{", "is not valid JSON at line 1")]
    [InlineData("[]", "must hold an object with a member \"Values\"")]
    [InlineData("{\"Values\": 1}", "must hold an object with a member \"Values\"")]
    [InlineData("{\"IsEncrypted\": true, \"Values\": {}}", "is encrypted")]
    [InlineData("{\"Values\": {\"A\": {\"B\": 1}}}", "A in ")]
    public void A_file_that_cannot_be_used_is_named(string text, string words)
    {
        using var file = new TemporaryFile(text);
        var wrong = Assert.Throws<SettingsException>(() => new ConfigurationBuilder().Add(new LocalSettings(file.Path)).Build());
        Assert.Contains(words, wrong.Message, StringComparison.Ordinal);
        Assert.Contains(file.Path, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sample_needs_nothing_but_secrets_of_ones_own()
    {
        var sample = new ConfigurationBuilder().Add(new LocalSettings(Path.Combine(AppContext.BaseDirectory, "local.settings.sample.json"))).Build();
        var problems = Problems([.. sample.AsEnumerable().Where(s => s.Value is not null).Select(s => $"--{s.Key}={s.Value}")]);
        string[] secrets = ["Auth__Tokens__0__Token is too short", "OdooWebhooks__0__Token is too short", "Secrets__MasterKey is not base64"];
        Assert.Equal(secrets.Length, problems.Count);
        Assert.All(secrets, secret => Assert.Contains(problems, p => p.StartsWith(secret, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_process_ends_with_78_and_one_message_without_a_stack_trace()
    {
        using var file = new TemporaryFile("""{"IsEncrypted": false, "Values": {"Auth__Tokens__0__Name": "me", "Auth__Tokens__0__Token": "short"}}""");
        var (exitCode, output, error) = await RunHostAsync(file.Path);
        Assert.Equal(78, exitCode);
        Assert.Empty(output);
        Assert.Contains("ControlDatabase is missing", error, StringComparison.Ordinal);
        Assert.Contains("Auth__Tokens__0__Token is too short", error, StringComparison.Ordinal);
        Assert.Contains("Secrets__MasterKey", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_settings_file_that_is_named_but_not_there_ends_the_process_too()
    {
        var (exitCode, _, error) = await RunHostAsync("no-such-file.json");
        Assert.Equal(78, exitCode);
        Assert.Contains("BIBIND_SETTINGS names the file 'no-such-file.json', which is not there.", error, StringComparison.Ordinal);
    }

    private static readonly string[] ValidArguments =
    [
        "--ControlDatabase=Host=127.0.0.1;Database=bibind",
        "--Auth:Tokens:0:Name=first",
        "--Auth:Tokens:0:Token=first-token-0123456789abcdef",
        "--Auth:Tokens:0:Role=admin",
        $"--Secrets:MasterKey={Hosting.ApiHost.MasterKey}",
        "--Platform:Domain=example.test",
        "--Storage:Local:Folder=unused",
    ];

    private static IReadOnlyList<string> Problems(params string[] arguments) =>
        Assert.Throws<SettingsException>(() => FunctionsHost.Build(arguments)).Problems;

    private static async Task<(int ExitCode, string Output, string Error)> RunHostAsync(string settings)
    {
        using var host = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Bibind.Functions.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
            Environment = { [LocalSettings.PathVariable] = settings },
        })!;
        var output = host.StandardOutput.ReadToEndAsync();
        var error = host.StandardError.ReadToEndAsync();
        await host.WaitForExitAsync();
        return (host.ExitCode, await output, await error);
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string text) => File.WriteAllText(Path, text);

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"bibind-settings-{Guid.NewGuid():n}.json");

        public void Dispose() => File.Delete(Path);
    }
}
