using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Bibind.Local.RealServers;

/// <summary>Keys of an account at the S3 server.</summary>
public sealed record S3Account(string Name, string AccessKey, string SecretKey);

/// <summary>A bucket; its quota is in bytes, null without one.</summary>
public sealed record S3Bucket(string Name, long? Quota);

/// <summary>An object; its size is in bytes.</summary>
public sealed record S3Object(string Name, long Size);

/// <summary>
/// A real S3 server that keeps everything in memory: Ceph's object gateway with the one monitor and the one storage
/// daemon that it needs.
/// </summary>
public sealed class CephS3Server : IAsyncDisposable
{
    private const int PortsOfStorage = 300;
    private static readonly TimeSpan ElectionLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ElectionPause = TimeSpan.FromMilliseconds(50);

    private readonly Programs _programs;
    private readonly Stack<RunningServer> _processes = [];

    private CephS3Server(Programs programs, int port)
    {
        _programs = programs;
        Url = new Uri($"http://127.0.0.1:{port}");
    }

    public Uri Url { get; }

    /// <summary>The account that the product uses.</summary>
    public S3Account Account { get; } = NewAccount("bibind");

    /// <summary>Somebody else's account.</summary>
    public S3Account OtherAccount { get; } = NewAccount("somebody");

    /// <exception cref="LocalServerException">A program is missing; names its package. Or it did not start; says why.</exception>
    public static async Task<CephS3Server> StartAsync(CancellationToken cancellationToken = default)
    {
        var folder = ServerFolder.New();
        var server = new CephS3Server(new Programs(folder), FreePorts.Next());
        try
        {
            await server.StartProcessesAsync(folder, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The buckets that there are, with their quotas; asked for with Ceph's own tool.</summary>
    public async Task<IReadOnlyList<S3Bucket>> ListBucketsAsync(CancellationToken cancellationToken = default)
    {
        using var answer = JsonDocument.Parse(await _programs.RunAsync("radosgw-admin", "radosgw", cancellationToken, "bucket", "stats"));
        return
        [
            .. answer.RootElement.EnumerateArray().Select(b => new S3Bucket(
                b.GetProperty("bucket").GetString()!,
                b.GetProperty("bucket_quota") is var quota && quota.GetProperty("enabled").GetBoolean() ? quota.GetProperty("max_size").GetInt64() : null)),
        ];
    }

    /// <summary>The objects in a bucket and their bytes.</summary>
    public async Task<IReadOnlyList<S3Object>> ListObjectsAsync(string bucket, CancellationToken cancellationToken = default)
    {
        using var answer = JsonDocument.Parse(await _programs.RunAsync("radosgw-admin", "radosgw", cancellationToken, "bucket", "list", $"--bucket={bucket}"));
        return
        [
            .. answer.RootElement.EnumerateArray().Select(o => new S3Object(
                o.GetProperty("name").GetString()!, o.GetProperty("meta").GetProperty("size").GetInt64())),
        ];
    }

    /// <summary>Makes an account of its own, with one key.</summary>
    public async Task<S3Account> NewAccountAsync(CancellationToken cancellationToken = default)
    {
        var account = NewAccount(RandomNumberGenerator.GetHexString(12, lowercase: true));
        await _programs.RunAsync(
            "radosgw-admin", "radosgw", cancellationToken, "user", "create", $"--uid={account.Name}", $"--display-name={account.Name}",
            $"--access-key={account.AccessKey}", $"--secret-key={account.SecretKey}");
        return account;
    }

    /// <summary>Gives an account another key beside those that it has.</summary>
    public async Task<S3Account> AddKeyAsync(S3Account account, CancellationToken cancellationToken = default)
    {
        var added = NewAccount(account.Name);
        await _programs.RunAsync(
            "radosgw-admin", "radosgw", cancellationToken, "key", "create", $"--uid={account.Name}", "--key-type=s3",
            $"--access-key={added.AccessKey}", $"--secret-key={added.SecretKey}");
        return added;
    }

    /// <summary>Takes one of its keys from an account.</summary>
    public Task RemoveKeyAsync(S3Account account, CancellationToken cancellationToken = default) => _programs.RunAsync(
        "radosgw-admin", "radosgw", cancellationToken, "key", "rm", $"--uid={account.Name}", "--key-type=s3", $"--access-key={account.AccessKey}");

    /// <summary>Ends it from the gateway down: each would wait for the one below.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_processes.TryPop(out var process))
        {
            await process.DisposeAsync();
        }
    }

    private async Task StartProcessesAsync(string folder, CancellationToken cancellationToken)
    {
        var (programs, monitorPort) = (_programs, FreePorts.Next());
        await File.WriteAllTextAsync(programs.Configuration, Configuration(folder, Url.Port, monitorPort), cancellationToken);
        Directory.CreateDirectory(Path.Combine(folder, "mon"));
        Directory.CreateDirectory(Path.Combine(folder, "osd"));
        Directory.CreateDirectory(Path.Combine(folder, "rgw"));

        var cluster = Guid.NewGuid().ToString();
        var map = Path.Combine(folder, "monmap");
        await programs.RunAsync("monmaptool", "ceph-common", cancellationToken, "--create", "--clobber", "--addv", "a", $"[v1:127.0.0.1:{monitorPort}]", "--fsid", cluster, map);
        await programs.RunAsync("ceph-mon", "ceph-mon", cancellationToken, "-i", "a", "--mkfs", "--fsid", cluster, "--monmap", map);
        await StartAsync("ceph-mon", "ceph-mon", monitorPort, cancellationToken, "-f", "-i", "a");

        var storage = Guid.NewGuid().ToString();
        await AskMonitorAsync(cancellationToken, "osd", "new", storage);
        await AskMonitorAsync(cancellationToken, "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h");
        await programs.RunAsync("ceph-osd", "ceph-osd", cancellationToken, "-i", "0", "--mkfs", "--osd-uuid", storage);
        await StartAsync("ceph-osd", "ceph-osd", null, cancellationToken, "-f", "-i", "0");
        await StartAsync("radosgw", "radosgw", Url.Port, cancellationToken, "-f", "-n", "client.rgw");
        foreach (var account in new[] { Account, OtherAccount })
        {
            await programs.RunAsync(
                "radosgw-admin", "radosgw", cancellationToken, "user", "create", $"--uid={account.Name}", $"--display-name={account.Name}",
                $"--access-key={account.AccessKey}", $"--secret-key={account.SecretKey}",
                account == Account ? "--caps=users=*;buckets=*" : "--caps=");
        }
    }

    /// <summary>Gives the monitor a command that may be given twice: it listens before it has elected itself, and refuses everything until then.</summary>
    private async Task AskMonitorAsync(CancellationToken cancellationToken, params string[] command)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(ElectionPause, cancellationToken))
        {
            try
            {
                await _programs.RunAsync("ceph", "ceph-common", cancellationToken, command);
                return;
            }
            catch (LocalServerException) when (watch.Elapsed < ElectionLimit)
            {
                // Once more; in the end what it says is thrown.
            }
        }
    }

    private async Task StartAsync(string program, string package, int? port, CancellationToken cancellationToken, params string[] arguments)
    {
        var process = await _programs.StartAsync(program, package, cancellationToken, arguments);
        _processes.Push(process);
        if (port is { } listening)
        {
            await process.ListensAsync(listening, cancellationToken);
        }
    }

    private static S3Account NewAccount(string name) =>
        new(name, RandomNumberGenerator.GetHexString(20, lowercase: true), RandomNumberGenerator.GetHexString(40, lowercase: true));

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

        public Task<string> RunAsync(string program, string package, CancellationToken cancellationToken, params string[] arguments) =>
            ChildProcess.MustRunAsync(Command(program, package, arguments), "prepare or ask the S3 server", cancellationToken);

        public Task<RunningServer> StartAsync(string program, string package, CancellationToken cancellationToken, params string[] arguments) =>
            RunningServer.StartAsync(program, folder, Command(program, package, arguments), deleteFolder: true, cancellationToken: cancellationToken);

        private string[] Command(string program, string package, string[] arguments) =>
            [ServerPrograms.Require(program, package), "-c", Configuration, .. arguments];
    }
}
