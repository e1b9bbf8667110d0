using System.Globalization;
using Bibind.Local;

namespace Bibind.Testing.Servers;

/// <summary>Keys of an account at the S3 server.</summary>
public sealed record S3Account(string Name, string AccessKey, string SecretKey);

/// <summary>
/// A real S3 server that keeps everything in memory: Ceph's object gateway with the one monitor and the one storage
/// daemon that it needs. One for all tests of a process.
/// </summary>
public sealed class CephS3Server
{
    private const int PortsOfStorage = 300;
    private static readonly Lazy<Task<CephS3Server>> Shared = new(StartAsync);

    private CephS3Server(int port) => Url = new Uri($"http://127.0.0.1:{port}");

    public Uri Url { get; }

    /// <summary>The account that the product uses.</summary>
    public S3Account Account { get; } = new("bibind", "testkey", "testsecret");

    /// <summary>Somebody else's account.</summary>
    public S3Account OtherAccount { get; } = new("somebody", "otherkey", "othersecret");

    private static readonly TimeSpan ElectionLimit = TimeSpan.FromSeconds(60);

    public static Task<CephS3Server> GetAsync() => Shared.Value;

    private static async Task<CephS3Server> StartAsync()
    {
        var folder = PostgresFixture.NewFolder();
        var programs = new Programs(folder);
        var (port, monitorPort) = (FreePorts.Next(), FreePorts.Next());
        await File.WriteAllTextAsync(programs.Configuration, Configuration(folder, port, monitorPort));
        Directory.CreateDirectory(Path.Combine(folder, "mon"));
        Directory.CreateDirectory(Path.Combine(folder, "osd"));
        Directory.CreateDirectory(Path.Combine(folder, "rgw"));

        var cluster = Guid.NewGuid().ToString();
        var map = Path.Combine(folder, "monmap");
        await programs.RunAsync("monmaptool", "ceph-common", "--create", "--clobber", "--addv", "a", $"[v1:127.0.0.1:{monitorPort}]", "--fsid", cluster, map);
        await programs.RunAsync("ceph-mon", "ceph-mon", "-i", "a", "--mkfs", "--fsid", cluster, "--monmap", map);
        var monitor = await programs.StartAsync("ceph-mon", "ceph-mon", deleteFolder: true, "-f", "-i", "a");
        await monitor.ListensAsync(monitorPort);

        var storage = Guid.NewGuid().ToString();
        // It listens before it has elected itself, and refuses everything until then.
        await Eventually.UntilAsync(() => programs.TryRunAsync("ceph", "ceph-common", "osd", "new", storage), ElectionLimit, "the monitor is elected");
        await programs.RunAsync("ceph", "ceph-common", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h");
        await programs.RunAsync("ceph-osd", "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", storage);
        await programs.StartAsync("ceph-osd", "ceph-osd", deleteFolder: false, "-f", "-i", "0");

        var server = new CephS3Server(port);
        var gateway = await programs.StartAsync("radosgw", "radosgw", deleteFolder: false, "-f", "-n", "client.rgw");
        await gateway.ListensAsync(port);
        foreach (var account in new[] { server.Account, server.OtherAccount })
        {
            await programs.RunAsync(
                "radosgw-admin", "radosgw", "user", "create", $"--uid={account.Name}", $"--display-name={account.Name}",
                $"--access-key={account.AccessKey}", $"--secret-key={account.SecretKey}",
                account == server.Account ? "--caps=users=*;buckets=*" : "--caps=");
        }

        return server;
    }

    private static string Configuration(string folder, int port, int monitorPort)
    {
        // The storage daemon takes the first free ports of a range; below those that the system gives to everybody else.
        var first = Random.Shared.Next(10_000, 30_000);
        return string.Create(CultureInfo.InvariantCulture, $"""
            [global]
            mon host = [v1:127.0.0.1:{monitorPort}]
            mon initial members = a
            public network = 127.0.0.0/8
            public addr = 127.0.0.1
            cluster addr = 127.0.0.1
            ms bind ipv6 = false
            ms bind port min = {first}
            ms bind port max = {first + PortsOfStorage}
            auth cluster required = none
            auth service required = none
            auth client required = none
            auth allow insecure global id reclaim = false
            osd pool default size = 1
            osd pool default min size = 1
            osd pool default pg num = 8
            osd pool default pgp num = 8
            osd pool default pg autoscale mode = off
            osd crush chooseleaf type = 0
            osd crush update on start = false
            osd class update on start = false
            paxos propose interval = 0.05
            paxos min wait = 0.01
            mon allow pool size one = true
            mon max pg per osd = 1000
            mon data avail crit = 1
            mon data avail warn = 2
            run dir = {folder}
            admin socket = {folder}/$name.asok
            pid file = {folder}/$name.pid
            log file = {folder}/$name.log
            crash dir = {folder}
            [mon.a]
            host = localhost
            mon data = {folder}/mon
            [osd.0]
            osd data = {folder}/osd
            osd objectstore = memstore
            memstore device bytes = 4294967296
            [client.rgw]
            rgw frontends = beast endpoint=127.0.0.1:{port}
            rgw data = {folder}/rgw
            rgw enable usage log = false
            rgw thread pool size = 32
            rgw gc obj min wait = 1
            rgw gc processor period = 2

            """);
    }

    /// <summary>Ceph's programs, told where everything of this cluster is.</summary>
    private sealed class Programs(string folder)
    {
        public string Configuration { get; } = Path.Combine(folder, "ceph.conf");

        public Task<string> RunAsync(string program, string package, params string[] arguments) =>
            ChildProcess.MustRunAsync(Command(program, package, arguments), "prepare the S3 server", CancellationToken.None);

        public async Task<bool> TryRunAsync(string program, string package, params string[] arguments)
        {
            try
            {
                await RunAsync(program, package, arguments);
                return true;
            }
            catch (LocalServerException)
            {
                return false;
            }
        }

        public Task<RunningServer> StartAsync(string program, string package, bool deleteFolder, params string[] arguments) =>
            RunningServer.StartAsync(program, folder, Command(program, package, arguments), deleteFolder);

        private string[] Command(string program, string package, string[] arguments) =>
            [ServerPrograms.Require(program, package), "-c", Configuration, .. arguments];
    }
}
