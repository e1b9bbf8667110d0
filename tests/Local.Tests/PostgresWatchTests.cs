using System.Diagnostics;
using Bibind.Local.Demo;
using Bibind.Testing;
using Xunit;

namespace Bibind.Local.Tests;

/// <summary>What <c>./run</c> does when its PostgreSQL dies under it.</summary>
public sealed class PostgresWatchTests : IDisposable
{
    private readonly string _folder = PostgresFixture.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_server_that_dies_ends_the_work_and_says_what_to_do()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = _folder, Fsync = false }, TestContext.Current.CancellationToken);
        var wasCancelled = new TaskCompletionSource();
        var working = PostgresWatch.RunAsync(postgres, WaitAsync, TestContext.Current.CancellationToken);

        Kill(postgres);

        var said = await Assert.ThrowsAsync<LocalServerException>(() => working);
        Assert.True(wasCancelled.Task.IsCompleted);
        Assert.StartsWith("PostgreSQL ended by itself", said.Message, StringComparison.Ordinal);
        Assert.Contains("Start again", said.Message, StringComparison.Ordinal);
        Assert.Contains(postgres.LogFile, said.Message, StringComparison.Ordinal);
        Assert.Contains("database system is ready to accept connections", said.Message, StringComparison.Ordinal);

        async Task<int> WaitAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wasCancelled.SetResult();
            return 0;
        }
    }

    [Fact]
    public async Task Work_that_fails_because_the_server_died_says_that_it_died()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = _folder, Fsync = false }, TestContext.Current.CancellationToken);

        var said = await Assert.ThrowsAsync<LocalServerException>(() => PostgresWatch.RunAsync<int>(
            postgres,
            async _ =>
            {
                Kill(postgres);
                await Task.Yield();
                throw new HttpRequestException("503");
            },
            TestContext.Current.CancellationToken));

        Assert.StartsWith("PostgreSQL ended by itself", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_beside_a_server_that_lives_answers_what_it_answers()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = _folder, Fsync = false }, TestContext.Current.CancellationToken);

        Assert.Equal(7, await PostgresWatch.RunAsync(postgres, _ => Task.FromResult(7), TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<LocalServerException>(() => PostgresWatch.RunAsync<int>(
            postgres, _ => Task.FromException<int>(new LocalServerException("its own")), TestContext.Current.CancellationToken));
    }

    private static void Kill(EmbeddedPostgres postgres)
    {
        using var process = Process.GetProcessById(postgres.ProcessId);
        process.Kill();
    }
}
