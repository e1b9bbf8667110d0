using Amazon.S3;
using Bibind.Activities.Storage.S3;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tests.Storage;

/// <summary>A store at the real S3 server, with buckets that are deleted at the end.</summary>
internal sealed class S3World : IAsyncDisposable
{
    private readonly List<S3Server> _servers = [];
    private readonly List<string> _buckets = [];
    private readonly ILoggerFactory _loggers;

    private S3World(CephS3Server ceph)
    {
        Ceph = ceph;
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(Logs));
        Store = NewStore();
        Other = NewStore(account: ceph.OtherAccount);
    }

    public CephS3Server Ceph { get; }

    public RecordedLogs Logs { get; } = new();

    public S3ObjectStore Store { get; }

    /// <summary>The store as somebody else has it.</summary>
    public S3ObjectStore Other { get; }

    /// <summary>Below the store.</summary>
    public AmazonS3Client Client => _servers[0].Client;

    public static async Task<S3World> CreateAsync() => new(await SharedServers.CephS3Async());

    public S3ObjectStore NewStore(Uri? endpoint = null, S3Account? account = null, Action<S3Options>? change = null)
    {
        account ??= Ceph.Account;
        var options = new S3Options { Endpoint = endpoint ?? Ceph.Url, AccessKey = account.AccessKey, SecretKey = account.SecretKey };
        change?.Invoke(options);
        var server = new S3Server(Options.Create(options));
        _servers.Add(server);
        return new S3ObjectStore(server, TimeProvider.System, _loggers.CreateLogger<S3ObjectStore>());
    }

    /// <summary>A name that nobody has.</summary>
    public string NewName()
    {
        var bucket = $"test-{Guid.NewGuid():N}";
        _buckets.Add(bucket);
        return bucket;
    }

    public async Task<string> NewBucketAsync()
    {
        var bucket = NewName();
        await Store.CreateBucketAsync(bucket, CancellationToken.None);
        return bucket;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var bucket in _buckets)
        {
            var owner = await IsForeignAsync(bucket) ? Other : Store;
            await owner.DeleteBucketAsync(bucket, CancellationToken.None);
        }

        _servers.ForEach(server => server.Dispose());
        _loggers.Dispose();
    }

    private async Task<bool> IsForeignAsync(string bucket)
    {
        try
        {
            await Store.BucketExistsAsync(bucket, CancellationToken.None);
            return false;
        }
        catch (Activities.Storage.ForeignBucketException)
        {
            return true;
        }
    }
}
