using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Usage;
using Bibind.Durable;

namespace Bibind.Activities.Usage;

/// <summary>Measures what one tenant uses: each part by itself, so that one that fails takes no other away.</summary>
public sealed class TenantUsageMeter(PostgresConnector postgres, FileStoreSizes files, IBucketSizes buckets, TimeProvider time)
{
    private const string ApplicationName = "bibind usage";
    private const int LongestReason = 500;

    // For a client that does not see that it was cancelled.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>Why the server cannot be asked, in words; null if it can.</summary>
    public async Task<string?> FindServerProblemAsync(long serverId, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (_, problem) = await TryAsync(
            async token =>
            {
                await using var session = await postgres.OpenMaintenanceAsync(serverId, ApplicationName, token);
                return true;
            },
            "The server", limit, cancellationToken);
        return problem;
    }

    /// <summary>Measures; never throws for a tenant that cannot be measured.</summary>
    /// <param name="place">The tenant.</param>
    /// <param name="limit">How long each part may take.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<UsageMeasures> MeasureAsync(TenantDescriptor place, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);

        // One after the other at PostgreSQL: a tenant costs it one session at a time.
        var database = Task.Run(
            async () => (
                await TryAsync(token => FindDatabaseBytesAsync(place, token), "The size of the database", limit, cancellationToken),
                place.Application == Applications.Odoo
                    ? await TryAsync(token => CountUsersAsync(place, limit, token), "The users", limit, cancellationToken)
                    : (Value: (int?)null, Problem: $"Users of '{place.Application}' are not counted.")),
            cancellationToken);
        var folder = TryAsync(async token => await files.MeasureAsync(place, limit, token), "The file store", limit + Grace, cancellationToken);
        var bucket = TryAsync(async token => (long?)await buckets.MeasureAsync(place, token), "The bucket", limit, cancellationToken);
        var (bytes, users) = await database;
        var (stored, kept) = (await folder, await bucket);
        string[] problems = [.. new[] { bytes.Problem, users.Problem, stored.Problem, kept.Problem }.OfType<string>().Distinct()];
        return new UsageMeasures
        {
            Users = users.Value,
            DatabaseBytes = bytes.Value,
            FileStoreBytes = stored.Value,
            BucketBytes = kept.Value,
            Reason = problems.Length == 0 ? null : Cut(string.Join(' ', problems)),
        };
    }

    // From outside, in PostgreSQL's own catalogue: also while the database takes no connections.
    private async Task<long?> FindDatabaseBytesAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, ApplicationName, cancellationToken);
        var sizes = await session.TranslateErrorsAsync(
            place.Database,
            () => session.QueryAsync(
                "select pg_database_size(oid) from pg_database where datname = $1", row => row.GetInt64(0), cancellationToken, place.Database));
        return sizes.Count == 1 ? sizes[0] : throw new PermanentFailureException($"The database '{place.Database}' does not exist on server '{place.ServerCode}'.");
    }

    private async Task<int?> CountUsersAsync(TenantDescriptor place, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await UserCount.RunAsync(session, limit, cancellationToken);
    }

    private async Task<(T Value, string? Problem)> TryAsync<T>(
        Func<CancellationToken, Task<T>> measure, string what, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        try
        {
            return (await measure(limited.Token).WaitAsync(limit + Grace, time, cancellationToken), null);
        }
        catch (Exception slow) when (slow is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            return (default!, $"{what} did not answer within {limit.TotalSeconds:0.#} seconds.");
        }
        catch (ActivityFailureException failed)
        {
            return (default!, failed.Message);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // What pretends to be a server can make a client fail in any way.
            return (default!, $"{what} could not be measured ({failed.GetType().Name}).");
        }
    }

    // Names in it may be a tenant's.
    private static string Cut(string text)
    {
        var plain = PlainText.Escape(text);
        return plain.Length <= LongestReason ? plain : $"{plain[..LongestReason]}…";
    }
}
