namespace Bibind.Local.Demo;

/// <summary>Runs what needs a PostgreSQL server of ours, and ends it when the server is gone.</summary>
internal static class PostgresWatch
{
    // A server that is gone is noticed a moment after its sessions are.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    /// <summary>Answers what the work does.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="work">Cancelled when the server ends.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="LocalServerException">The server ended by itself; says so, and what to do.</exception>
    public static async Task<T> RunAsync<T>(EmbeddedPostgres postgres, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = work(ending.Token);
        await Task.WhenAny(working, postgres.Ended);
        if (working.IsFaulted)
        {
            await Task.WhenAny(postgres.Ended, Task.Delay(Moment, CancellationToken.None));
        }

        if (!postgres.Ended.IsCompleted || working.IsCompletedSuccessfully || cancellationToken.IsCancellationRequested)
        {
            return await working;
        }

        await ending.CancelAsync();
        await ((Task)working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw new LocalServerException(
            $"PostgreSQL ended by itself, and what needs it was stopped. Start again: what was committed is in {postgres.Folder}. The end of {postgres.LogFile}:\n{postgres.LastLines()}");
    }
}
