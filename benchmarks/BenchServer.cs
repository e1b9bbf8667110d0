using Bibind.Local;

namespace Bibind.Benchmarks;

/// <summary>A private PostgreSQL with its default, durable configuration; deleted at the end.</summary>
internal static class BenchServer
{
    public static async Task<EmbeddedPostgres> StartAsync()
    {
        var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}"),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            Fsync = true,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(postgres);
        return postgres;
    }
}
