using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class TestServersTests
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task The_S3_server_answers_and_refuses_who_has_no_key()
    {
        var server = await SharedServers.CephS3Async();

        using var answer = await Http.PutAsync(new Uri(server.Url, "/some-bucket"), null);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Caddy_shows_its_configuration_and_ends_with_the_test()
    {
        var server = await CaddyServer.StartAsync();

        var configuration = await Http.GetFromJsonAsync<JsonObject>(new Uri(server.Admin, "/config/apps/http/servers"));
        await server.DisposeAsync();

        Assert.True(configuration!.ContainsKey(CaddyServer.Edge));
        await Assert.ThrowsAsync<HttpRequestException>(() => Http.GetAsync(new Uri(server.Admin, "/config/")));
    }

    [Fact]
    public async Task Nginx_takes_its_configuration()
    {
        await using var server = await NginxServer.StartAsync();

        var test = await ChildProcess.RunAsync([NginxServer.Program, "-t", "-c", server.Configuration], CancellationToken.None);

        Assert.True(test.Succeeded, test.Output);
    }

    [Fact]
    public void A_missing_program_is_named_with_its_package()
    {
        var missing = Assert.Throws<LocalServerException>(() => ServerPrograms.Require("no-such-program", "some-package"));

        Assert.Contains("install the Debian package some-package", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_ends_instead_of_starting_says_why_and_leaves_nothing()
    {
        var folder = ServerFolder.New();
        var server = await RunningServer.StartAsync("broken", folder, ["/bin/sh", "-c", "echo 'no such option'; exit 3"], deleteFolder: true);

        var failed = await Assert.ThrowsAsync<LocalServerException>(() => server.ListensAsync(FreePorts.Next()));

        Assert.Contains("broken did not start", failed.Message, StringComparison.Ordinal);
        Assert.Contains("no such option", failed.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }
}
