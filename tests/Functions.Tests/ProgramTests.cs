using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The program's command line, and the words with which a start fails.</summary>
public sealed partial class ProgramTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("settings", "--help")]
    [InlineData("queues", "replay", "--help")]
    public async Task Help_is_shown_and_nothing_is_started(params string[] arguments)
    {
        var (exitCode, output, errors) = await HostProgram.RunAsync(arguments);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        if (arguments.Length == 1)
        {
            Assert.All(new[] { "serve", "settings", "queues", "roles" }, command => Assert.Contains($"\n  {command} ", output, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_version_is_the_one_that_was_built()
    {
        var (exitCode, output, _) = await HostProgram.RunAsync(["--version"]);
        Assert.Equal((0, ProgramVersion.Text), (exitCode, output.Trim()));
        Assert.Matches(VersionForm(), ProgramVersion.Text);
    }

    [Theory]
    [InlineData("sevre")]
    [InlineData("--prot", "1")]
    [InlineData("--foo=bar")]
    [InlineData("settings", "chek")]
    [InlineData("settings", "check", "more")]
    [InlineData("serve", "more")]
    [InlineData("queues", "purge")]
    [InlineData("roles", "plan", "--sever", "odoo-1")]
    public async Task What_is_not_understood_is_refused_and_nothing_is_started(params string[] arguments)
    {
        var (exitCode, output, errors) = await HostProgram.RunAsync([.. HostProgram.Valid, .. arguments]);
        Assert.Equal((78, ""), (exitCode, output));
        Assert.Contains(arguments[^1].Split('=')[0], errors, StringComparison.Ordinal);
        Assert.Contains("Usage:", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_checked_without_a_start()
    {
        var (exitCode, output, errors) = await HostProgram.RunAsync(["settings", "check", .. HostProgram.Valid]);
        Assert.Equal((0, "The settings are usable.\n", ""), (exitCode, output, errors));

        (exitCode, output, errors) = await HostProgram.RunAsync(["settings", "check", .. HostProgram.Valid, "--Dns__Ttll=5"]);
        Assert.Equal((78, ""), (exitCode, output));
        Assert.Contains("Dns__Ttll is unknown: did you mean Dns__Ttl?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_are_shown_with_their_places_and_without_their_secrets()
    {
        var (exitCode, output, _) = await HostProgram.RunAsync(
            ["settings", "show", .. HostProgram.Valid], "\"Dns__Ttl\": \"120\", \"Dns__PowerDns__ApiKey\": \"geheim\"",
            new Dictionary<string, string> { ["Dns__Owner"] = "somebody", ["Storage__S3__SecretKey"] = "geheim" });

        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^Dns__Ttl +120  \(local\.settings\.json\)$", output);
        Assert.Matches(@"(?m)^Dns__Owner +somebody  \(environment\)$", output);
        Assert.Matches(@"(?m)^Platform__Domain +example\.test  \(command line\)$", output);
        Assert.Matches(@"(?m)^Dns__PowerDns__ApiKey +\(secret\)  \(local\.settings\.json\)$", output);
        Assert.All(new[] { "geheim", ApiHost.MasterKey, "first-token-0123456789abcdef" }, secret => Assert.DoesNotContain(secret, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_in_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var (exitCode, output, errors) = await HostProgram.RunAsync([.. HostProgram.Valid, $"--Urls=http://127.0.0.1:{port}"]);

        Assert.Equal(69, exitCode);
        Assert.Equal($"Failed to bind to address http://127.0.0.1:{port}: address already in use. Set Urls to another address, or end what listens there.", errors.Trim());
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_away_is_said_in_one_line()
    {
        using var program = HostProgram.Start([.. HostProgram.Valid, "--Urls=http://127.0.0.1:0"]);
        await program.UntilSaidAsync("Now listening on: ");
        var address = Address().Match(program.Output).Value;
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(ProgramVersion.Text, (await ApiHost.JsonAsync(live)).GetProperty("version").GetString());

        var log = program.Output;
        Assert.Contains($"Bibind.Functions {ProgramVersion.Text} starts; Hosting__Kind is kestrel.", log, StringComparison.Ordinal);
        var said = Assert.Single(log.Split('\n'), line => line.Contains("goes on trying", StringComparison.Ordinal));
        Assert.EndsWith("The control database does not answer (Failed to connect to 127.0.0.1:1: Connection refused); the host listens, answers 503, and goes on trying.", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
        Assert.True(log.Length < 10_000, $"{log.Length} characters were logged:\n{log}");
        Assert.Empty(program.Errors);
    }

    [Fact]
    public async Task The_OpenAPI_document_says_which_version_it_is()
    {
        await using var app = FunctionsHost.Build([.. HostProgram.Valid, "--Urls=http://127.0.0.1:0"]);
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var document = JsonDocument.Parse(await client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        Assert.Equal(ProgramVersion.Text, document.RootElement.GetProperty("info").GetProperty("version").GetString());
        await app.StopAsync();
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+")]
    private static partial Regex VersionForm();

    [GeneratedRegex(@"(?<=Now listening on: )http://\S+")]
    private static partial Regex Address();
}
