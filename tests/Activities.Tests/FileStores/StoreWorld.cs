using System.Text;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tests.FileStores;

/// <summary>File stores in a folder of their own: the template's, with a few files, and a tenant that has none yet.</summary>
internal sealed class StoreWorld : IDisposable
{
    private readonly ILoggerFactory _loggers;

    public StoreWorld(string? folder = null)
    {
        Folder = folder ?? PostgresFixture.NewFolder();
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(Logs));
        Store = new FolderFileStore(
            Options.Create(new FileStoreOptions { Provider = FileStoreOptions.InFolder, Folder = Folder }), _loggers.CreateLogger<FolderFileStore>());
        OdooFiles.Write(Folder, Place.TemplateDatabase);
    }

    public string Folder { get; }

    public TenantDescriptor Place { get; } = World.NewPlace();

    public FolderFileStore Store { get; }

    public RecordedLogs Logs { get; } = new();

    /// <summary>A file's or folder's path in the tenant's store.</summary>
    public string InTenant(string name = "") => Path.Combine(Folder, Place.Database, name);

    /// <summary>A file's or folder's path in the template's store.</summary>
    public string InTemplate(string name = "") => Path.Combine(Folder, Place.TemplateDatabase, name);

    /// <summary>One of the folders that the application does not know of.</summary>
    public string Unseen(string what) => Path.Combine(Folder, $".bibind-{what}-{Place.TenantId}-{Place.Code}");

    /// <summary>Everything in the folder but the template's store.</summary>
    public IEnumerable<string?> Others() =>
        Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Where(name => name != Place.TemplateDatabase).Order(StringComparer.Ordinal);

    /// <summary>The files of a store as people would list them, without our mark.</summary>
    public static IEnumerable<string> FilesOf(string store) =>
        Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(store, file))
            .Where(name => name != ".bibind").Order(StringComparer.Ordinal);

    /// <summary>Writes a file by the hash of its content, an hour old; answers its name.</summary>
    public static string Write(string store, string content)
    {
        var name = new OdooFile(0, Encoding.UTF8.GetBytes(content)).StoreName;
        Write(store, name, content);
        return name;
    }

    /// <summary>Writes a file by any name, an hour old.</summary>
    public static void Write(string store, string name, string content)
    {
        var path = Path.Combine(store, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1));
    }

    public Task<FileStoreCopied> CopyAsync() => Store.CopyAsync(Place, CancellationToken.None);

    public bool Remove() => Store.Remove(Place, CancellationToken.None);

    public Task AddAsync(string name, string content) =>
        Store.AddAsync(Place, new StoredFile(name, DateTimeOffset.UtcNow), new MemoryStream(Encoding.UTF8.GetBytes(content)), CancellationToken.None);

    public void Dispose()
    {
        _loggers.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
