using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>What <c>./run --full</c> does once everything is built, in an installation beside the repository's own.</summary>
public sealed partial class FullRunTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly string _root = PostgresFixture.NewFolder();
    private readonly string _temporary;

    public FullRunTests()
    {
        _temporary = Directory.CreateDirectory(Path.Combine(_root, "tmp")).FullName;
        Directory.CreateDirectory(Path.Combine(_root, "data"));
        Link("functions");
        Link("data/tools");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task With_a_stand_in_it_shows_a_tenant_at_every_server_removes_it_and_leaves_neither_things_nor_processes()
    {
        var output = await RunAsync("--once", "--stand-in");

        Assert.Matches(@"DNS +demo-1\.bibind\.localhost is 127\.0\.0\.1, says PowerDNS", output);
        Assert.Matches(@"Certificate +CN=demo-1\.bibind\.localhost by CN=Pebble Intermediate CA .*, leads to the root CN=Pebble Root CA", output);
        Assert.Contains("https://demo-1.bibind.localhost/ answers 200 through Caddy", output, StringComparison.Ordinal);
        Assert.Matches(@"Bucket +bibind-demo-1-1, of 10,737 MB", output);
        Assert.Matches(@"Backup +\S+database\.dump\.br\.aes \([\d,]+ bytes\)", output);
        Assert.Contains("Ceph 0 buckets and 0 objects of backups, Caddy no route", output, StringComparison.Ordinal);
        Assert.Contains("Nothing is left.", output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temporary, "bibind-server-*"));
        Assert.All(PortsIn(output), port => Assert.False(Accepts(port)));
    }

    [Fact]
    public async Task With_the_real_Odoo_a_rule_orders_people_sign_in_restores_work_and_nothing_stays()
    {
        RealOdoo.Require();
        var output = await RunAsync("--once");

        Assert.Contains("Odoo orders the tenant demo-1 by its automation rule", output, StringComparison.Ordinal);
        Assert.Matches(@"Page +https://demo-1\.bibind\.localhost/web/login answers 200 through Caddy: a page with the title 'Odoo'", output);
        foreach (var code in new[] { "demo-1", "demo-1-copy" })
        {
            Assert.Contains($"https://{code}.bibind.localhost/web/login let the administrator admin in, to the database {code}, in fr_FR", output, StringComparison.Ordinal);
            Assert.Contains($"let the standard user owner@demo-1.example.com in, to the database {code}, in fr_FR", output, StringComparison.Ordinal);
            Assert.Matches($@"Base URL +https://{code}\.bibind\.localhost\n", output);
            Assert.Contains($"cannot open the database {code}, and its file store has no folder of it", output, StringComparison.Ordinal);
        }

        Assert.Matches(@"Company +Demo 1, EUR, France", output);
        Assert.Equal(2, Regex.Count(output, "'Customer of before the backup' is there, 'Customer of after the backup' is not"));
        Assert.Contains("Nothing is left.", output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temporary, "bibind-server-*"));
        Assert.All(PortsIn(output), port => Assert.False(Accepts(port)));
    }

    [Fact]
    public async Task Its_servers_end_with_it_when_it_is_killed()
    {
        using var run = Start();
        var output = "";
        while (!output.Contains("The host is ready", StringComparison.Ordinal))
        {
            var line = await run.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            output += (line ?? throw new InvalidOperationException(output + await run.StandardError.ReadToEndAsync())) + "\n";
        }

        var ports = PortsIn(output);
        Assert.True(ports.Count(Accepts) >= 8, output);

        run.Kill();

        await run.WaitForExitAsync().WaitAsync(Patience);
        await Eventually.UntilAsync(() => !ports.Any(Accepts), Patience, "nothing listens any more");
        await Eventually.UntilAsync(
            () => !Directory.EnumerateFileSystemEntries(_temporary, "bibind-server-*").Any(), Patience, "the servers' folders are gone");
        var data = Path.Combine(_root, "data", "full", "postgres");
        await Eventually.UntilAsync(() => !Directory.Exists(data), Patience, "PostgreSQL's folder is gone");
    }

    /// <summary>What it says, after it ended well. One that does not end is stopped, and what it said until then is the failure's text.</summary>
    private async Task<string> RunAsync(params string[] options)
    {
        using var run = Start(options);
        var said = run.StandardOutput.ReadToEndAsync();
        var complained = run.StandardError.ReadToEndAsync();
        try
        {
            await run.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            run.Kill(entireProcessTree: true);
            await run.WaitForExitAsync();
            Assert.Fail($"It did not end within {Patience}.\n{await said}{await complained}");
        }

        var output = await said;
        Assert.True(run.ExitCode == 0, output + await complained);
        return output;
    }

    private static List<int> PortsIn(string output) =>
        [.. Addresses().Matches(output).Select(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Distinct()];

    private static bool Accepts(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Link(string folder)
    {
        var target = Path.Combine(Repository.Root, folder);
        if (Directory.Exists(target))
        {
            Directory.CreateSymbolicLink(Path.Combine(_root, folder), target);
        }
    }

    private Process Start(params string[] options)
    {
        var program = Path.Combine(Repository.Root, "infra", "local", "bin", "Release", "net10.0", "Bibind.Local.dll");
        var port = FreePorts.Next().ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("dotnet", [program, "demo", "--root", _root, "--full", "--port", port, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = _temporary },
        };
        return Process.Start(start)!;
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+)")]
    private static partial Regex Addresses();
}
