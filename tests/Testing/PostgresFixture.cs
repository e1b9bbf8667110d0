using Bibind.Local;

namespace Bibind.Testing;

/// <summary>
/// One PostgreSQL cluster for all tests of a process, with the roles of <see cref="LocalServer"/>. It starts when it is first
/// asked for and is deleted when the process ends, also when that is killed.
/// </summary>
public static class PostgresFixture
{
    private const string Memory = "/dev/shm";
    private const long MemoryNeeded = 4L << 30;
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(2);

    // A machine that stands still for half a minute says nothing about what is tested.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Lazy<Task<EmbeddedPostgres>> Shared = new(StartAsync);

    public static Task<EmbeddedPostgres> GetAsync() => Shared.Value;

    /// <summary>A new folder for the data of one test; below the temporary folder.</summary>
    public static string NewFolder() => NewFolder(Path.GetTempPath());

    /// <summary>
    /// A new folder for a cluster that ends with the tests; in memory where there is room. Every database is hundreds of files, and on
    /// a disk, where a number of a file is not used again for a while, much of the time goes into the search for free ones.
    /// </summary>
    public static string NewClusterFolder() =>
        NewFolder(Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > MemoryNeeded ? Memory : Path.GetTempPath());

    private static string NewFolder(string place)
    {
        var folder = Path.Combine(place, $"bibind-tests-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static Task<EmbeddedPostgres> StartAsync() => StartAnotherAsync(new() { ["max_prepared_transactions"] = "20", ["wal_level"] = "logical" });

    /// <summary>One more cluster, for tests that need a second server or count everything on theirs; it ends as the shared one does.</summary>
    public static async Task<EmbeddedPostgres> StartAnotherAsync(Dictionary<string, string>? settings = null)
    {
        var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = NewClusterFolder(), Fsync = false, DeleteOnStop = true, CommandTimeout = Patience, Settings = settings ?? [] });

        // Mostly nothing is left when the runner goes on. On a busy machine the watchdog finishes alone: xunit takes a process
        // that does not end within ten seconds for a failed one.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => postgres.DisposeAsync().AsTask().Wait(LongestGoodbye);
        await LocalServer.PrepareAsync(postgres);
        return postgres;
    }
}
